use anyhow::Result;
use clap::Subcommand;
use testkit::servers::{self, Kind};

#[derive(Debug, Subcommand)]
pub(crate) enum Services {
    /// Start what does not run yet, installing what is missing, and print the URLs.
    Up,
    /// Stop those that were started here, and no others. Their data goes.
    Down,
    /// Print which run.
    Status,
}

impl Services {
    pub(crate) async fn run(self) -> Result<()> {
        let services = servers::Services::default();
        match self {
            Self::Up => {
                for kind in Kind::ALL {
                    services.get(kind).await?;
                }
            }
            Self::Down => services.down().await?,
            Self::Status => {}
        }
        print(&services)
    }
}

fn print(services: &servers::Services) -> Result<()> {
    let state = services.status()?;
    for kind in Kind::ALL {
        let line = match state.get(&kind) {
            Some(server) if server.is_up() => {
                format!("pid {:<8} {}", server.process.pid, server.url)
            }
            Some(_) => "ended by itself".to_owned(),
            None => "not started".to_owned(),
        };
        println!("{:<8}{line}", kind.name());
    }
    Ok(())
}
