//! What each thread does in a batch: its share of every tick, and others' where it would have to wait.
//!
//! A task starts once all tasks up to [`LAG`] ticks before and those units of the tick before that it touches are complete;
//! that is the only synchronisation.

use super::shares::{Shares, TaskId};
use super::task::Arena;
use crate::plan::compile::Compiled;
use crate::plan::layout::Layout;
use crate::plan::schedule::LAG;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the threads of one batch share.
pub(super) struct Worker<'a> {
    pub compiled: &'a Compiled,
    pub layout: &'a Layout,
    pub shares: &'a Shares,
    pub ticks: Range<usize>,
    /// Set once a thread panicked.
    pub abandoned: &'a AtomicBool,
    pub arena: Arena<'a>,
}

/// Tells the other threads not to wait for one that panicked.
struct Alarm<'a>(&'a AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl Worker<'_> {
    /// Runs this thread's share of every tick, and others' where it would have to wait for them.
    pub fn work(&self, thread: usize) {
        let _alarm = Alarm(self.abandoned);
        let mut settled = self.ticks.start;
        for tick in self.ticks.clone() {
            let done = (tick + 1).saturating_sub(LAG);
            if !self.settle(thread, &mut settled, done) {
                return;
            }
            while let Some(task) = self.shares.draw(tick, thread) {
                let mut after = self.shares.after(task);
                let is_ready = || {
                    while !after.is_empty() && self.shares.is_unit_complete(after.start) {
                        after.start += 1;
                    }
                    after.is_empty()
                };
                if !self.help_until(thread, tick.saturating_sub(1), is_ready) {
                    return;
                }
                self.run(thread, tick, task);
            }
        }
        self.settle(thread, &mut settled, self.ticks.end);
    }

    /// Helps until all ticks before `end` are complete; false if a thread died. Those before `settled` are.
    fn settle(&self, thread: usize, settled: &mut usize, end: usize) -> bool {
        while *settled < end {
            if !self.help_until(thread, *settled, || self.shares.is_complete(*settled)) {
                return false;
            }
            *settled += 1;
        }
        true
    }

    /// Helps with a tick, whose tasks may all run, until something `is_done`; false if a thread died.
    fn help_until(&self, thread: usize, tick: usize, mut is_done: impl FnMut() -> bool) -> bool {
        let mut spins = 0u32;
        while !is_done() {
            if let Some(task) = self.shares.help(tick) {
                self.run(thread, tick, task);
                continue;
            }
            if self.abandoned.load(Ordering::Relaxed) {
                return false;
            }
            spins += 1;
            if spins < 4096 {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
        true
    }

    fn run(&self, thread: usize, tick: usize, task: TaskId) {
        let place = |task: TaskId| (task.unit as usize, task.pixels());
        let upcoming = self.shares.upcoming(tick, thread).map(place);
        self.arena
            .run(self.compiled, self.layout, thread, place(task), upcoming);
        self.shares.complete(tick, task);
    }
}
