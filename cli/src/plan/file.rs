//! A plan as a file: what was decided for one picture, so that a series gets the same.
//!
//! `settings` is what is executed; the rest says how it came about. A plan is data from outside: its size is limited, every
//! value is checked, and what is not known is refused rather than passed over.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use upwise_analyzer::report::{Action, Family};

use crate::digest::Digest;
use crate::failure::Failure;
use crate::models::{Choice, Wish, by_name, weights_digest};
use crate::picture::reason;
use crate::upscale::{Fix, Locked, repair};

/// Name and version of a plan.
pub const SCHEMA: &str = "upwise.plan/1";
/// Bytes that a plan may have.
const LARGEST: u64 = 1 << 20;
/// Steps before the enlargement that a plan may have.
const MOST_STEPS: usize = 8;

/// Characters of a plan that an error repeats.
const MOST_QUOTED: usize = 200;

/// The whole document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// `SCHEMA`.
    pub schema: String,
    /// Version of the program that made it.
    pub version: String,
    /// The picture that it was made for.
    pub input: PlannedInput,
    /// What triage says of that picture.
    pub advice: Advice,
    /// What is executed.
    pub settings: Settings,
    /// What it takes for that picture.
    pub forecast: PlanForecast,
}

/// A picture, by its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedInput {
    /// Its path, or `-`.
    pub name: String,
    /// Digest of the file.
    pub sha256: Digest,
    /// Length of the file.
    pub bytes: u64,
    /// Columns, upright.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// What triage says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    /// What to do.
    pub action: Action,
    /// Probability that it is right.
    pub confidence: f32,
    /// Which models suit the picture.
    pub family: Family,
    /// Why, for people.
    pub reasons: Vec<String>,
    /// What speaks against enlarging it, for people, if anything does.
    pub objection: Option<String>,
}

/// What is done to every picture of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Steps before the enlargement, in order.
    pub steps: Vec<PlanStep>,
    /// Model or filter.
    pub model: String,
    /// Digest of its weights; null for a filter.
    pub weights_sha256: Option<Digest>,
    /// Times larger, 1 to 8, of the picture as it comes.
    pub scale: f64,
    /// Whether networks' results are means over eight orientations; plans of before there was such a thing do not say.
    #[serde(default)]
    pub self_ensemble: bool,
}

/// A step before the enlargement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum PlanStep {
    /// Remove the blocks of JPEG.
    Deblock {
        /// The model that does it.
        model: String,
        /// Digest of its weights.
        weights_sha256: Option<Digest>,
    },
    /// Remove noise.
    Denoise {
        /// The model that does it.
        model: String,
        /// Digest of its weights.
        weights_sha256: Option<Digest>,
    },
    /// Reduce to the size that the detail is worth.
    Shrink {
        /// Columns times this, at most 1.
        width: f64,
        /// Rows times this, likewise.
        height: f64,
    },
}

/// What the planned picture takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanForecast {
    /// Columns of the result.
    pub width: usize,
    /// Rows of the result.
    pub height: usize,
    /// Passes of the network.
    pub passes: usize,
    /// Seconds of the network on the machine that made the plan; null for a filter.
    pub seconds: Option<f64>,
    /// Bytes of memory, the decoded picture included.
    pub memory_bytes: u64,
    /// Bytes of the result before compression.
    pub output_bytes: u64,
}

impl PlanStep {
    /// Of a step as it is done.
    pub fn of(fix: &Fix) -> Result<PlanStep, Failure> {
        Ok(match fix {
            Fix::Shrink([width, height]) => PlanStep::Shrink {
                width: *width,
                height: *height,
            },
            Fix::Network(step, choice) => {
                let (model, weights_sha256) = (choice.name().into(), weights_digest(choice)?);
                match *step {
                    "deblock" => PlanStep::Deblock {
                        model,
                        weights_sha256,
                    },
                    _ => PlanStep::Denoise {
                        model,
                        weights_sha256,
                    },
                }
            }
        })
    }
}

impl PlanFile {
    /// Reads a plan; the error names the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<PlanFile, Failure> {
        let name = path.display();
        let mut text = Vec::new();
        File::open(path)
            .map_err(|error| Failure::open(path, &error))?
            .take(LARGEST + 1)
            .read_to_end(&mut text)
            .map_err(|error| Failure::Io(format!("{name}: {}", reason(&error))))?;
        PlanFile::parse(&text).map_err(|words| {
            Failure::BadInput(format!("{name}: {words}; make it anew with upwise plan"))
        })
    }

    /// Reads and checks a plan's text. Errors are words without the file's name.
    pub fn parse(text: &[u8]) -> Result<PlanFile, String> {
        if text.len() as u64 > LARGEST {
            return Err("it is too long for a plan".into());
        }
        let no_plan = |error: serde_json::Error| format!("it is no plan ({})", quoted(&error));
        let value: serde_json::Value = serde_json::from_slice(text).map_err(no_plan)?;
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) => {
                return Err(format!(
                    "its schema is {}, this program reads {SCHEMA}",
                    quoted(&other)
                ));
            }
            None => return Err("it is no plan (it has no schema)".into()),
        }
        let plan: PlanFile = serde_json::from_value(value).map_err(no_plan)?;
        plan.check()?;
        Ok(plan)
    }

    fn check(&self) -> Result<(), String> {
        let settings = &self.settings;
        if !(1.0..=8.0).contains(&settings.scale) {
            return Err(format!("its scale is {}, not 1 to 8", settings.scale));
        }
        let confidence = self.advice.confidence;
        if !(0.0..=1.0).contains(&confidence) {
            return Err(format!("its confidence is {confidence}, not 0 to 1"));
        }
        if settings.steps.len() > MOST_STEPS {
            return Err(format!("it has more than {MOST_STEPS} steps"));
        }
        for step in &settings.steps {
            if let PlanStep::Shrink { width, height } = step {
                let odd = [width, height]
                    .into_iter()
                    .find(|v| !(0.1..=1.0).contains(*v));
                if let Some(factor) = odd {
                    return Err(format!("it shrinks by {factor}, not by 0.1 to 1"));
                }
            }
        }
        Ok(())
    }

    /// What is to be executed, with models that are the ones that it was made with. `folders` are looked through for
    /// models that are not in the program.
    pub fn locked(&self, path: &Path, folders: &[std::path::PathBuf]) -> Result<Locked, Failure> {
        let refused = |name: &str, words: &str| {
            Failure::Model(format!("{}: model {name}: {words}", path.display()))
        };
        let checked = |choice: Choice, digest: &Option<Digest>| match weights_digest(&choice)? {
            found if found == *digest => Ok(choice),
            _ => Err(refused(
                choice.name(),
                "its weights are not those that the plan was made with; make the plan anew",
            )),
        };
        let repaired = |step: &'static str, name: &str, digest: &Option<Digest>| {
            let choice = repair(step).filter(|choice| choice.name() == name);
            let choice = choice
                .ok_or_else(|| refused(name, &format!("it is not the one made to {step}")))?;
            Ok(Fix::Network(step, checked(choice, digest)?))
        };
        let fixes = self.settings.steps.iter().map(|step| match step {
            PlanStep::Shrink { width, height } => Ok(Fix::Shrink([*width, *height])),
            PlanStep::Deblock {
                model,
                weights_sha256,
            } => repaired("deblock", model, weights_sha256),
            PlanStep::Denoise {
                model,
                weights_sha256,
            } => repaired("denoise", model, weights_sha256),
        });
        let fixes = fixes.collect::<Result<Vec<Fix>, Failure>>()?;
        let name = &*self.settings.model;
        let choice = match Wish::new(Some(name), folders) {
            Ok(Wish::One(choice)) => checked(choice, &self.settings.weights_sha256)?,
            // Some families have one model, of the same name.
            Ok(_) => match by_name(name, folders) {
                Ok(found) => checked(Choice::Model(found), &self.settings.weights_sha256)?,
                Err(_) => return Err(refused(name, "it is a family, and a plan names one model")),
            },
            Err(error) => return Err(refused(name, &error.to_string())),
        };
        Ok(Locked {
            fixes,
            choice,
            scale: self.settings.scale,
            self_ensemble: self.settings.self_ensemble,
        })
    }
}

/// Words that repeat what a file says, fit for a terminal.
fn quoted(words: &impl ToString) -> String {
    let words = words.to_string();
    let printable = words.chars().filter(|c| !c.is_control());
    printable.take(MOST_QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan() -> PlanFile {
        PlanFile {
            schema: SCHEMA.into(),
            version: "0.1.0".into(),
            input: PlannedInput {
                name: "a.jpg".into(),
                sha256: Digest::of(b"a"),
                bytes: 1,
                width: 3,
                height: 2,
            },
            advice: Advice {
                action: Action::Upscale,
                confidence: 0.75,
                family: Family::Photo,
                reasons: vec!["clean".into()],
                objection: None,
            },
            settings: Settings {
                steps: vec![PlanStep::Shrink {
                    width: 0.5,
                    height: 1.0,
                }],
                model: "lanczos".into(),
                weights_sha256: None,
                scale: 2.0,
                self_ensemble: false,
            },
            forecast: PlanForecast {
                width: 6,
                height: 4,
                passes: 0,
                seconds: None,
                memory_bytes: 100,
                output_bytes: 72,
            },
        }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_wrong_is_refused() {
        let text = serde_json::to_string(&plan()).unwrap();
        assert_eq!(PlanFile::parse(text.as_bytes()), Ok(plan()));
        for (from, to, word) in [
            ("upwise.plan/1", "upwise.plan/2", "upwise.plan/2"),
            ("\"scale\":2.0", "\"scale\":9.5", "1 to 8"),
            ("\"scale\":2.0", "\"scale\":null", "no plan"),
            ("\"confidence\":0.75", "\"confidence\":1e99", "0 to 1"),
            ("\"width\":0.5", "\"width\":-0.5", "0.1 to 1"),
            ("\"width\":0.5", "\"width\":1e-300", "0.1 to 1"),
            ("\"height\":1.0", "\"height\":1.01", "0.1 to 1"),
            ("\"step\":\"shrink\"", "\"step\":\"format disk\"", "no plan"),
            ("\"passes\":0", "\"passes\":0,\"more\":1", "no plan"),
            ("{\"schema\"", "[{\"schema\"", "no plan"),
        ] {
            let broken = text.replace(from, to);
            assert_ne!(broken, text, "{from}");
            let words = PlanFile::parse(broken.as_bytes()).unwrap_err();
            assert!(words.contains(word), "{words}");
        }
        // What it says goes to a terminal.
        let escape = text
            .replace("passes", "\\u001b[31m")
            .replace("version", &"v".repeat(999));
        let words = PlanFile::parse(escape.as_bytes()).unwrap_err();
        assert!(!words.contains('\u{1b}') && words.len() < 300, "{words}");
        let deep = "[".repeat(1 << 19);
        assert!(PlanFile::parse(deep.as_bytes()).is_err());
        assert!(PlanFile::parse(&vec![b' '; LARGEST as usize + 1]).is_err());
    }

    proptest! {
        #[test]
        fn damaged_plans_are_refused_or_sound(at in 0usize..2000, byte: u8, cut in 0usize..2000) {
            let mut text = serde_json::to_vec(&plan()).unwrap();
            let length = text.len();
            text[at % length] = byte;
            if cut % 3 == 0 {
                text.truncate(cut % length);
            }
            if let Ok(plan) = PlanFile::parse(&text) {
                prop_assert!(plan.check().is_ok());
            }
        }
    }
}
