//! `carnet admin associates`.

use std::path::Path;

use clap::{Args, Subcommand};
use server::identity::directory::Directory;
use server::operator::{AddAssociate, Order};

use super::hub::{directory, order};
use super::say;

#[derive(Debug, Subcommand)]
pub(super) enum AssociatesCommand {
    /// Add an associate; prints the first password once.
    Add {
        /// What the associate types to sign in.
        login: String,
        /// Name as colleagues see it.
        #[arg(long)]
        name: String,
        /// Let the associate look after people and handhelds.
        #[arg(long)]
        manager: bool,
        /// Let the role hold in every shop of the chain.
        #[arg(long)]
        chain: bool,
        /// The shop, by name or id; not needed where there is one.
        #[arg(long)]
        shop: Option<String>,
    },
    /// List associates.
    List,
    /// End everything of an associate who leaves, at once.
    Deactivate {
        /// What the associate types to sign in.
        login: String,
    },
    /// Give an associate a new password, printed once; ends their sign-ins.
    ResetPassword {
        /// What the associate types to sign in.
        login: String,
    },
}

#[derive(Debug, Clone, Args)]
pub(super) struct HandoverArguments {
    /// What the one types to sign in.
    from: String,
    /// What the other types to sign in.
    to: String,
    /// The login of the manager in whose name it is written; the chain's first, unless named.
    #[arg(long)]
    by: Option<String>,
}

pub(super) fn hand_over(folder: &Path, arguments: &HandoverArguments) -> anyhow::Result<()> {
    let HandoverArguments { from, to, by } = arguments.clone();
    order(folder, &Order::Handover { from, to, by })
}

pub(super) fn run(folder: &Path, command: &AssociatesCommand) -> anyhow::Result<()> {
    let asked = match command {
        AssociatesCommand::List => {
            list(&directory(folder)?);
            return Ok(());
        }
        AssociatesCommand::Add {
            login,
            name,
            manager,
            chain,
            shop,
        } => Order::AddAssociate(AddAssociate {
            login: login.clone(),
            name: name.clone(),
            is_manager: *manager,
            chain: *chain,
            shop: shop.clone(),
        }),
        AssociatesCommand::Deactivate { login } => Order::DeactivateAssociate {
            login: login.clone(),
        },
        AssociatesCommand::ResetPassword { login } => Order::ResetPassword {
            login: login.clone(),
        },
    };
    order(folder, &asked)
}

fn list(directory: &Directory) {
    for (id, row) in &directory.associates {
        let shop = directory.shops.get(&row.shop);
        let place = if row.chain {
            "whole chain"
        } else {
            shop.map_or("?", |shop| shop.name.as_str())
        };
        let left = if row.deactivated_at.is_some() {
            "   left"
        } else {
            ""
        };
        say(format_args!(
            "{id}   {:<12} {:<9} {:<20} {place}{left}",
            row.login,
            row.role.name(),
            row.name
        ));
    }
}
