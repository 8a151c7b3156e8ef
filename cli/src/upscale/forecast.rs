//! What work will take, said before it starts.

use std::fmt;

use serde::Serialize;

/// Seconds from which on people are told even where they did not ask.
const LONG: f64 = 10.0;

/// What a picture, or several, will take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// Seconds of the network, from a short trial of it; `None` if there is no trial worth the time.
    pub seconds: Option<f64>,
    /// Most bytes that the process will hold.
    #[serde(rename = "memory_bytes")]
    pub memory: u64,
    /// Bytes of the result without compression.
    #[serde(rename = "output_bytes")]
    pub output: u64,
}

impl Forecast {
    /// Whether the picture takes long enough to say so.
    pub fn is_long(&self) -> bool {
        self.seconds.is_some_and(|seconds| seconds >= LONG)
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            None => {}
            Some(seconds) if seconds < 120.0 => write!(f, "about {seconds:.0} s, ")?,
            Some(seconds) => write!(f, "about {:.0} minutes, ", seconds / 60.0)?,
        }
        let mb = |bytes: u64| bytes.div_ceil(1_000_000);
        write!(
            f,
            "{} MB of memory, {} MB of output before compression",
            mb(self.memory),
            mb(self.output)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let forecast = |seconds| Forecast {
            seconds,
            memory: 600_000_001,
            output: 3_072_000_000,
        };
        let words = forecast(Some(500.0)).to_string();
        assert_eq!(
            words,
            "about 8 minutes, 601 MB of memory, 3072 MB of output before compression"
        );
        assert!(forecast(Some(11.4)).to_string().starts_with("about 11 s, "));
        assert!(forecast(None).to_string().starts_with("601 MB"));
        assert!(forecast(Some(11.4)).is_long());
        assert!(!forecast(Some(2.0)).is_long() && !forecast(None).is_long());
    }
}
