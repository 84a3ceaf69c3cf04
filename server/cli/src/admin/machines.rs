//! `carnet admin enrol`, `devices` and `integrations`: what signs in that is not a person.

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use server::identity::access::{Scope, Scopes};
use server::identity::integrations::{IntegrationId, NewIntegration};
use server::identity::people::Subject;
use sync_core::ids::DeviceId;

use super::hub::{directory, manager, shop, with_hub};
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
    with_hub(folder, async |state| {
        let (home, by) = {
            let directory = state.identity.directory();
            let home = shop(&directory, arguments.shop.as_deref())?;
            (home, manager(&directory, arguments.r#as.as_deref())?)
        };
        let code = state.identity.make_enrolment_code(home, by).await?;
        say(format_args!("code       {}", code.typed));
        say(format_args!("to scan    {}", code.scanned));
        say("One handheld, for 10 minutes. Start the hub before using it.");
        Ok(())
    })
}

pub(super) fn devices(folder: &Path, command: &DevicesCommand) -> anyhow::Result<()> {
    match command {
        DevicesCommand::List => {
            let directory = directory(folder)?;
            for (id, row) in &directory.devices {
                let shop = directory.shops.get(&row.shop);
                let shop = shop.map_or("?", |shop| shop.name.as_str());
                let state = if row.revoked_at.is_some() {
                    "revoked"
                } else {
                    "active"
                };
                say(format_args!("{id}   {state:<8} {:<20} {shop}", row.label));
            }
            Ok(())
        }
        DevicesCommand::Revoke { device } => with_hub(folder, async |state| {
            state.identity.deactivate(Subject::Device(*device)).await?;
            say(format_args!("{device} is revoked"));
            Ok(())
        }),
    }
}

pub(super) fn integrations(folder: &Path, command: &IntegrationsCommand) -> anyhow::Result<()> {
    match command {
        IntegrationsCommand::Add {
            name,
            scopes,
            days,
            chain,
            shop: named,
            r#as,
        } => with_hub(folder, async |state| {
            let (home, by) = {
                let directory = state.identity.directory();
                let home = shop(&directory, named.as_deref())?;
                (home, manager(&directory, r#as.as_deref())?)
            };
            let new = NewIntegration {
                name: name.clone(),
                scopes: read_scopes(scopes)?,
                shop: home,
                chain: *chain,
                days: *days,
                by,
            };
            let made = state.identity.add_integration(new).await?;
            say(format_args!("number     {}", made.id));
            say(format_args!(
                "key        {}   (not shown again)",
                made.key.expose()
            ));
            Ok(())
        }),
        IntegrationsCommand::List => {
            for (id, row) in &directory(folder)?.integrations {
                let state = if row.revoked_at.is_some() {
                    "revoked"
                } else {
                    "active"
                };
                say(format_args!(
                    "{id}   {state:<8} {:<20} {}",
                    row.name, row.scopes
                ));
            }
            Ok(())
        }
        IntegrationsCommand::Revoke { integration } => with_hub(folder, async |state| {
            let subject = Subject::Integration(*integration);
            state.identity.deactivate(subject).await?;
            say(format_args!("{integration} is revoked"));
            Ok(())
        }),
    }
}

fn read_scopes(names: &[String]) -> anyhow::Result<Scopes> {
    let mut scopes = Vec::new();
    for name in names {
        let scope = Scope::of_integration(name.trim()).with_context(|| {
            let known: Vec<_> = Scope::FOR_INTEGRATIONS
                .iter()
                .map(|scope| scope.name())
                .collect();
            format!("--scopes: {name:?} is none of {}", known.join(", "))
        })?;
        scopes.push(scope);
    }
    if scopes.is_empty() {
        bail!("--scopes: name at least one");
    }
    Ok(Scopes::of(&scopes))
}
