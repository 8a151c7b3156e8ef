//! How much of the machine a command may take.

use clap::Args;
use upwise_engine::Isa;

use super::values;

/// What every command that works on pixels takes.
#[derive(Args, Clone, Debug)]
pub struct MachineArgs {
    /// Threads [default: RAYON_NUM_THREADS, or every processor that may be used]
    #[arg(short = 'j', long, value_name = "N", env = "UPWISE_THREADS", value_parser = threads)]
    pub threads: Option<usize>,

    /// Most memory to take, such as 512M or 4G [default: three quarters of what is free]
    #[arg(long, value_name = "BYTES", env = "UPWISE_MAX_MEMORY", value_parser = values::bytes)]
    pub max_memory: Option<u64>,

    /// Instruction set: avx512, avx2 or portable [default: the best that there is]
    #[arg(long, value_name = "ISA", env = "UPWISE_ISA")]
    pub isa: Option<Isa>,
}

/// `load:proc:save` of other tools is accepted for its middle part: all three overlap here anyway.
fn threads(word: &str) -> Result<usize, String> {
    let word = match word.split(':').collect::<Vec<_>>()[..] {
        [_, middle, _] => middle,
        _ => word,
    };
    match word.parse::<usize>() {
        Ok(threads @ 1..=1024) => Ok(threads),
        _ => Err("a number of threads from 1 to 1024".into()),
    }
}

impl MachineArgs {
    /// The number of threads to use.
    pub fn threads(&self) -> usize {
        let rayon = || std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok();
        self.threads
            .or_else(|| rayon().filter(|threads| (1..=1024).contains(threads)))
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// The memory to stay within, in bytes.
    pub fn max_memory(&self) -> u64 {
        self.max_memory.unwrap_or_else(crate::memory::default_limit)
    }
}
