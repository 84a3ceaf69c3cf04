//! `carnet admin enrol`, `devices` and `integrations`: what signs in that is not a person.

use std::path::Path;

use clap::{Args, Subcommand};
use server::identity::integrations::IntegrationId;
use server::operator::{AddIntegration, Order};
use sync_core::ids::DeviceId;

use super::hub::{directory, order};
use super::say;

#[derive(Debug, Args)]
pub(super) struct EnrolArguments {
    /// The shop, by name or id; not needed where there is one.
    #[arg(long)]
    shop: Option<String>,
    /// The manager who vouches for the handheld; the chain's first, unless named.
    #[arg(long, value_name = "LOGIN")]
    r#as: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum DevicesCommand {
    /// List handhelds.
    List,
    /// End everything of a handheld that is lost or retired.
    Revoke {
        /// The handheld, as the list names it.
        device: DeviceId,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum IntegrationsCommand {
    /// Make a key for another system, printed once.
    Add {
        /// What people call it; also the source of what it brings in.
        name: String,
        /// What it may do, separated by commas.
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Days until the key ends.
        #[arg(long, default_value_t = 366)]
        days: i64,
        /// Let it work for every shop of the chain.
        #[arg(long)]
        chain: bool,
        /// The shop, by name or id; not needed where there is one.
        #[arg(long)]
        shop: Option<String>,
        /// The manager who answers for it; the chain's first, unless named.
        #[arg(long, value_name = "LOGIN")]
        r#as: Option<String>,
    },
    /// List keys.
    List,
    /// Revoke a key.
    Revoke {
        /// The key's number, as the list names it.
        integration: IntegrationId,
    },
}

pub(super) fn enrol(folder: &Path, arguments: &EnrolArguments) -> anyhow::Result<()> {
    let asked = Order::Enrol {
        shop: arguments.shop.clone(),
        by: arguments.r#as.clone(),
    };
    order(folder, &asked)
}

pub(super) fn devices(folder: &Path, command: &DevicesCommand) -> anyhow::Result<()> {
    match command {
        DevicesCommand::List => {
            let directory = directory(folder)?;
            for (id, row) in &directory.devices {
                let shop = directory.shops.get(&row.shop);
                let shop = shop.map_or("?", |shop| shop.name.as_str());
                let state = state(row.revoked_at.is_some());
                say(format_args!("{id}   {state:<8} {:<20} {shop}", row.label));
            }
            Ok(())
        }
        DevicesCommand::Revoke { device } => {
            let device = device.to_string();
            order(folder, &Order::RevokeDevice { device })
        }
    }
}

pub(super) fn integrations(folder: &Path, command: &IntegrationsCommand) -> anyhow::Result<()> {
    let asked = match command {
        IntegrationsCommand::List => {
            for (id, row) in &directory(folder)?.integrations {
                let state = state(row.revoked_at.is_some());
                let (name, scopes) = (&row.name, &row.scopes);
                say(format_args!("{id}   {state:<8} {name:<20} {scopes}"));
            }
            return Ok(());
        }
        IntegrationsCommand::Add {
            name,
            scopes,
            days,
            chain,
            shop,
            r#as,
        } => Order::AddIntegration(AddIntegration {
            name: name.clone(),
            scopes: scopes.clone(),
            days: *days,
            chain: *chain,
            shop: shop.clone(),
            by: r#as.clone(),
        }),
        IntegrationsCommand::Revoke { integration } => Order::RevokeIntegration {
            integration: integration.to_string(),
        },
    };
    order(folder, &asked)
}

fn state(is_revoked: bool) -> &'static str {
    if is_revoked { "revoked" } else { "active" }
}
