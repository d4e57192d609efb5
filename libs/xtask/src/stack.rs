use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use testkit::stack::{self, Options};

#[derive(Debug, Subcommand)]
pub(crate) enum Stack {
    /// Start a stack, wait until all of it is ready, and print where it is. One that runs already is left as it is.
    Up(Up),
    /// Stop all of it and drop its databases; logs stay.
    Down(Place),
    /// Print where it is and which processes run.
    Status(Place),
    /// End one process at once, as a power cut would (SIGKILL).
    Kill(One),
    /// Ask one process to end (SIGTERM) and wait for it; fails if it had to be killed.
    Stop(One),
    /// Start one again that was killed or stopped, and wait until it is ready.
    Start(One),
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Which processes.
    #[arg(long, value_enum)]
    shape: Shape,
    #[command(flatten)]
    place: Place,
    /// Take the programs from target/release instead of target/debug.
    #[arg(long)]
    release: bool,
    /// Chat instances of the split shape.
    #[arg(long, default_value_t = 2)]
    chats: usize,
    /// Start servers of its own in the folder instead of sharing those of the tests.
    #[arg(long)]
    own_services: bool,
    /// A variable for every process, such as `RESTANTE_SERVER__SHUTDOWN_S=5`. May be given again.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Folder of the stack: state, logs, data.
    #[arg(long)]
    dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    #[command(flatten)]
    place: Place,
    /// Name of the process, as `stack status` prints it.
    name: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    /// `restante serve` on SQLite, with nothing beside it.
    Single,
    /// nginx, user, chats and mail, on MongoDB, Redis, RabbitMQ and SMTP.
    Split,
}

impl Stack {
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Up(up) => print(&stack::Stack::up(up.into()).await?),
            Self::Down(Place { dir }) => stack::Stack::down(&dir).await?,
            Self::Status(Place { dir }) => print(&stack::Stack::load(&dir)?),
            Self::Kill(one) => stack::Stack::kill(&one.place.dir, &one.name).await?,
            Self::Stop(one) => stack::Stack::stop(&one.place.dir, &one.name).await?,
            Self::Start(one) => stack::Stack::start(&one.place.dir, &one.name).await?,
        }
        Ok(())
    }
}

impl From<Up> for Options {
    fn from(up: Up) -> Self {
        let shape = match up.shape {
            Shape::Single => stack::Shape::Single,
            Shape::Split => stack::Shape::Split,
        };
        Self {
            shape,
            chats: up.chats,
            dir: up.place.dir,
            release: up.release,
            own_services: up.own_services,
            env: up.set.into_iter().collect(),
        }
    }
}

fn pair(text: &str) -> Result<(String, String)> {
    let (key, value) = text.split_once('=').context("must be KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn print(stack: &stack::Stack) {
    println!("{:<10}{}", "url", stack.base);
    if stack.instances.len() > 1 {
        for (number, url) in stack.instances.iter().enumerate() {
            println!("{:<10}{url} (chat-{} only)", "", number + 1);
        }
    }
    println!("{:<10}{}", "mail", stack.mail.display());
    for (name, part) in &stack.processes {
        let state =
            if part.is_alive() { format!("pid {}", part.process.pid) } else { "ended".to_owned() };
        println!("{name:<10}{state:<14}{}", part.log.display());
    }
}
