//! From song vectors to a map, clusters, predicted years and tables: `analyze -- --vectors x.npy --out DIR`.

mod arguments;
#[path = "../song_map/bars.rs"]
mod bars;
mod outputs;
mod run;
mod scores;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use songscape::analysis::Error;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let bars = Arc::new(bars::Bars::default());
    let interrupt = Arc::clone(&bars);
    if let Err(error) = ctrlc::set_handler(move || interrupt.interrupt()) {
        eprintln!("warning: the interrupt key will end the program at once: {error}");
    }
    match run::run(&arguments, bars.as_ref()) {
        Ok(summary) => {
            println!("{summary}: {}", arguments.out.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(exit_code(&error))
        }
    }
}

fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Parameter { .. } => 2,
        Error::Interrupted { .. } => 130,
        _ => 1,
    }
}
