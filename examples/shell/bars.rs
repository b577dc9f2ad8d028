//! Progress in the terminal, and the interrupt key.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use songscape::project::Progress;

use crate::exit::complain;

/// A line this often, where output is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// One bar at a time, for the stage that runs; where output is not a terminal, a line now and then.
#[derive(Debug, Default)]
pub struct Bars {
    current: Mutex<Option<Bar>>,
    quiet: AtomicBool,
    interrupted: AtomicBool,
}

#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
    unit: String,
    /// When the last line was printed, where output is not a terminal.
    line: Option<Instant>,
}

impl Bars {
    /// Bars that ask the running stage to stop when the interrupt key is pressed, and end the program
    /// when it is pressed again.
    pub fn listening() -> Arc<Self> {
        let bars = Arc::new(Self::default());
        let pressed = Arc::clone(&bars);
        if let Err(error) = ctrlc::set_handler(move || pressed.interrupt()) {
            complain(format_args!(
                "warning: the interrupt key will end the program at once: {error}"
            ));
        }
        bars
    }

    /// Whether to draw and say nothing from here on, beside another process of the same job that does. The
    /// interrupt key counts all the same.
    pub fn be_quiet(&self, quiet: bool) {
        self.quiet.store(quiet, Ordering::Relaxed);
    }

    fn interrupt(&self) {
        // Files appear whole or not at all, so that the program can end anywhere.
        if self.interrupted.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        self.message("stopping ...");
    }

    fn with(&self, f: impl FnOnce(&mut Bar)) {
        if let Ok(mut current) = self.current.lock()
            && let Some(bar) = current.as_mut()
        {
            f(bar);
        }
    }
}

impl Bar {
    /// `training       120/500 steps (3.1/s, 2 minutes left) loss 2.330`
    fn text(&self) -> String {
        let (bar, mut timing) = (&self.bar, String::new());
        let (done, all) = (bar.position(), bar.length().unwrap_or(0));
        time(&mut timing, done, bar.per_sec(), bar.eta());
        let text =
            format!("{:14} {done}/{all} {}{timing} {}", bar.prefix(), self.unit, bar.message());
        text.trim_end().to_owned()
    }
}

/// ` (3.1/s, 2 minutes left)`; nothing before there is a rate.
fn time(text: &mut dyn std::fmt::Write, done: u64, rate: f64, left: Duration) {
    if done > 0 && rate.is_finite() && rate > 0.0 {
        // Neither bars nor strings fail to be written.
        let _ = write!(text, " ({rate:.1}/s, {:#} left)", HumanDuration(left));
    }
}

impl Progress for Bars {
    fn begin(&self, stage: &str, total: u64, unit: &str) {
        if self.quiet.load(Ordering::Relaxed) {
            return;
        }
        let bar = ProgressBar::new(total).with_prefix(stage.to_owned());
        let line = (!std::io::stderr().is_terminal()).then(Instant::now);
        if line.is_none() {
            // The bar takes what the rest leaves of a line, and so never wraps.
            let template =
                format!("{{prefix:14}} {{wide_bar}} {{pos}}/{{len}} {unit}{{time}} {{msg:.24}}");
            if let Ok(style) = ProgressStyle::with_template(&template) {
                let timing = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                    time(text, state.pos(), state.per_sec(), state.eta());
                };
                bar.set_style(style.with_key("time", timing));
            }
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        if let Ok(mut current) = self.current.lock() {
            *current = Some(Bar { bar, unit: unit.into(), line });
        }
    }

    fn advance(&self, n: u64) {
        self.with(|bar| {
            bar.bar.inc(n);
            if bar.line.is_some_and(|last| last.elapsed() >= LINE_EVERY) {
                complain(format_args!("{}", bar.text()));
                bar.line = Some(Instant::now());
            }
        });
    }

    fn message(&self, text: &str) {
        self.with(|bar| bar.bar.set_message(text.to_owned()));
    }

    fn end(&self) {
        if let Ok(mut current) = self.current.lock()
            && let Some(Bar { bar, .. }) = current.take()
        {
            bar.finish_and_clear();
        }
    }

    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn time_is_left_out_before_there_is_a_rate() {
        let text = |done, rate| {
            let mut text = String::new();
            time(&mut text, done, rate, Duration::from_secs(120));
            text
        };
        assert_eq!(text(0, 0.0), "");
        assert_eq!(text(1, f64::INFINITY), "");
        assert_eq!(text(5, 2.5), " (2.5/s, 2m left)");
    }

    #[test]
    fn a_line_says_what_a_bar_shows() {
        let bars = Bars::default();
        bars.begin("training", 500, "steps");
        bars.message("loss 2.330");
        bars.with(|bar| assert_eq!(bar.text(), "training       0/500 steps loss 2.330"));
        bars.end();
        assert!(bars.current.lock().unwrap().is_none());
    }
}
