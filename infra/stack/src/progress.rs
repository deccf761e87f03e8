//! What a person sees while something takes long: bars and spinners on a terminal, one line per
//! step elsewhere, nothing at all in tests.

use std::{
    io::{IsTerminal, Write, stderr},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

const TICK: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub struct Progress {
    bars: MultiProgress,
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Bars,
    Lines,
    Silent,
}

impl Progress {
    /// Bars where standard error is a terminal, else a line per step.
    #[must_use]
    pub fn to_stderr() -> Self {
        let mode = if stderr().is_terminal() {
            Mode::Bars
        } else {
            Mode::Lines
        };
        Self {
            bars: MultiProgress::new(),
            mode,
        }
    }

    #[must_use]
    pub fn silent() -> Self {
        Self {
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            mode: Mode::Silent,
        }
    }

    /// A step whose length is unknown.
    #[must_use]
    pub fn step(&self, what: impl Into<String>) -> Step {
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        self.begin(what.into(), ProgressBar::new_spinner(), style.ok())
    }

    /// A step of `length` things.
    #[must_use]
    pub fn counted(&self, what: impl Into<String>, length: u64) -> Step {
        let style = ProgressStyle::with_template(
            "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} (eta {eta})",
        );
        self.begin(what.into(), ProgressBar::new(length), style.ok())
    }

    /// A sentence that stays.
    pub fn note(&self, sentence: &str) {
        match self.mode {
            // A terminal that went away is no reason to stop.
            Mode::Bars => drop(self.bars.println(sentence)),
            Mode::Lines => drop(writeln!(stderr(), "{sentence}")),
            Mode::Silent => {}
        }
    }

    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.mode == Mode::Silent
    }

    fn begin(&self, what: String, bar: ProgressBar, style: Option<ProgressStyle>) -> Step {
        let bar = self.bars.add(bar);
        if let Some(style) = style {
            bar.set_style(style);
        }
        bar.set_message(what.clone());
        if self.mode == Mode::Bars {
            bar.enable_steady_tick(TICK);
        }
        if self.mode == Mode::Lines {
            self.note(&format!("{what} …"));
        }
        Step {
            what,
            bar,
            begun: Instant::now(),
            progress: self.clone(),
        }
    }
}

/// A step under way. Dropped without `done`, its bar vanishes and nothing is claimed.
pub struct Step {
    what: String,
    bar: ProgressBar,
    begun: Instant,
    progress: Progress,
}

impl Step {
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    pub fn done(self) {
        self.bar.finish_and_clear();
        let took = self.begun.elapsed();
        self.progress.note(&format!(
            "✓ {} ({}.{} s)",
            self.what,
            took.as_secs(),
            took.subsec_millis() / 100
        ));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
