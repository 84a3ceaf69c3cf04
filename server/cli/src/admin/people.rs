//! `carnet admin associates`.

use std::path::Path;

use anyhow::Context as _;
use clap::Subcommand;
use server::identity::access::Role;
use server::identity::directory::Directory;
use server::identity::people::{NewAssociate, Subject, normal_login};
use server::setup::{random_password, reset_password};
use sync_core::ids::AssociateId;

use super::hub::{directory, shop, with_hub};
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

pub(super) fn run(folder: &Path, command: &AssociatesCommand) -> anyhow::Result<()> {
    match command {
        AssociatesCommand::Add {
            login,
            name,
            manager,
            chain,
            shop: named,
        } => with_hub(folder, async |state| {
            let home = shop(&state.identity.directory(), named.as_deref())?;
            let password = random_password(&state.entropy);
            let role = if *manager {
                Role::Manager
            } else {
                Role::Associate
            };
            let new = NewAssociate {
                login: login.clone(),
                name: name.clone(),
                role,
                shop: home,
                chain: *chain,
                password: password.clone(),
            };
            let id = state.identity.add_associate(new).await?;
            say(format_args!("added {} {login} ({id})", role.name()));
            say(format_args!(
                "password   {}   (not shown again)",
                password.expose()
            ));
            Ok(())
        }),
        AssociatesCommand::List => {
            list(&directory(folder)?);
            Ok(())
        }
        AssociatesCommand::Deactivate { login } => with_hub(folder, async |state| {
            let id = find(&state.identity.directory(), login)?;
            state.identity.deactivate(Subject::Associate(id)).await?;
            say(format_args!(
                "{login} can't sign in any more, and every open sign-in has ended"
            ));
            Ok(())
        }),
        AssociatesCommand::ResetPassword { login } => with_hub(folder, async |state| {
            let login = normal_login(login)?;
            let password = reset_password(&state.identity, &login, &state.entropy).await?;
            say(format_args!(
                "password   {}   (not shown again)",
                password.expose()
            ));
            Ok(())
        }),
    }
}

fn find(directory: &Directory, login: &str) -> anyhow::Result<AssociateId> {
    let found = directory.associate_by_login(&normal_login(login)?);
    let (id, _) = found.with_context(|| {
        format!("nobody signs in as {login:?}: see `carnet admin associates list`")
    })?;
    Ok(id)
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
