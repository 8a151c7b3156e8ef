//! What a whole batch will take, by the headers of its pictures, said before the first of them is read.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use serde::Serialize;

use super::deliver::Delivery;
use super::forecast::Forecast;
use super::jobs::Job;
use super::planes::passes;
use super::room::{Extent, Room};
use super::router::Router;
use super::scaler::Scaler;
use super::space::{self, Disk, Planned, Unread};
use crate::args::values::TargetSize;
use crate::failure::Failure;
use crate::inputs::Place;
use crate::interrupt;
use crate::picture::decode::{self, Outline};
use crate::picture::encode::stored_layout;
use crate::picture::part::folder_of;
use crate::picture::{Input, Layout};

/// What a batch will take.
#[derive(Debug, Serialize)]
pub struct Outlook {
    /// Pictures in all.
    pub pictures: usize,
    /// Those of which there is a result. Whether it is the right one, their contents will tell.
    pub present: usize,
    /// Those that will be refused: damaged from the start, or over a limit.
    pub refused: usize,
    /// What the others take together; the memory is that of the largest.
    #[serde(flatten)]
    pub forecast: Forecast,
    /// The least that their results take, by disk.
    #[serde(skip)]
    needs: HashMap<Disk, Need>,
}

/// What results take on a disk.
#[derive(Debug)]
struct Need {
    /// One of their folders.
    folder: PathBuf,
    pictures: usize,
    bytes: u64,
}

/// What all pictures of a batch have in common.
pub struct Settings<'a> {
    /// Chooses the network or filter. Before a picture is seen, a photograph is expected.
    pub router: &'a Router,
    /// The size that is asked for.
    pub target: TargetSize,
    /// What becomes of every picture.
    pub delivery: &'a Delivery,
    /// Memory that there is for each.
    pub room: Room,
    /// Most pixels that one may have.
    pub pixels: u64,
}

/// A picture that is to be done.
struct Ahead<'a> {
    job: &'a Job,
    name: String,
    outline: Outline,
    /// Length of its file.
    bytes: u64,
    factor: f64,
}

impl Outlook {
    /// Looks at the headers of all pictures that are files and have no result yet.
    pub fn new(jobs: &[Job], settings: &Settings) -> Result<Outlook, Failure> {
        let mut outlook = Outlook {
            pictures: jobs.len(),
            present: 0,
            refused: 0,
            forecast: Forecast {
                seconds: None,
                memory: 0,
                output: 0,
            },
            needs: HashMap::new(),
        };
        let mut ahead = Vec::new();
        for job in jobs {
            if interrupt::requested() {
                return Err(Failure::Interrupted);
            }
            let (Place::File(input), Place::File(output)) = (&job.input, &job.output) else {
                continue;
            };
            if fs::symlink_metadata(output).is_ok() {
                outlook.present += 1;
                continue;
            }
            // What is not a file, such as a named pipe, can be read once only.
            let Some(bytes) = fs::metadata(input)
                .ok()
                .filter(fs::Metadata::is_file)
                .map(|found| found.len())
            else {
                continue;
            };
            let found = Input::open(input, settings.room.memory).and_then(decode::outline);
            let Ok(outline) = found else {
                outlook.refused += 1;
                continue;
            };
            let pixels = outline.width as u64 * outline.height as u64;
            if pixels == 0 || pixels > settings.pixels {
                outlook.refused += 1;
                continue;
            }
            ahead.push(Ahead {
                job,
                name: job.input.name(),
                factor: settings.target.factor(outline.width, outline.height),
                outline,
                bytes,
            });
        }
        // The model depends on the factor, and the router keeps one at a time.
        ahead.sort_by(|a, b| a.factor.total_cmp(&b.factor));
        let mut work: Vec<(Rc<Scaler>, f64)> = Vec::new();
        let (mut most, mut largest) = (0, 0);
        for picture in &ahead {
            if interrupt::requested() {
                return Err(Failure::Interrupted);
            }
            let scaler = settings.router.route(None, picture.factor)?.scaler;
            match outlook.add(picture, &scaler, settings) {
                Ok((memory, macs)) => {
                    most = most.max(memory);
                    largest = largest.max(picture.extent().bytes());
                    match work.last_mut() {
                        Some((last, sum)) if Rc::ptr_eq(last, &scaler) => *sum += macs,
                        _ => work.push((scaler, macs)),
                    }
                }
                Err(Failure::Limit(_)) => outlook.refused += 1,
                Err(failure) => return Err(failure),
            }
        }
        let seconds = work
            .iter()
            .filter_map(|(scaler, macs)| scaler.seconds(*macs));
        outlook.forecast.seconds = seconds.reduce(|sum, seconds| sum + seconds);
        if most > 0 {
            // The next picture is read beside the one that is enlarged, if both find room.
            let both = (most + largest).min(settings.room.memory);
            outlook.forecast.memory = both;
        }
        Ok(outlook)
    }

    /// Adds what one picture takes, and returns its memory and its multiply-adds.
    fn add(
        &mut self,
        picture: &Ahead,
        scaler: &Scaler,
        settings: &Settings,
    ) -> Result<(u64, f64), Failure> {
        let (extent, read) = (picture.extent(), picture.outline.format);
        let format = picture.job.format.unwrap_or(read.of_result());
        let room = &settings.room;
        let (plan, memory) = room.plan(scaler, &extent, settings.target, format, &picture.name)?;
        let asked = Layout {
            depth: settings.delivery.depth.unwrap_or(extent.layout.depth),
            ..extent.layout
        };
        let (stored, _) = stored_layout(format, asked);
        let raw = plan.width as u64 * plan.height as u64 * stored.pixel_bytes() as u64;
        self.forecast.output += raw;
        let least = Unread {
            format: read,
            bytes: picture.bytes,
            loses: settings.delivery.strip || stored.depth.bytes() < extent.layout.depth.bytes(),
        }
        .least_bytes(&Planned {
            format,
            bytes: raw,
            factor: plan.width as f64 / extent.width as f64,
            repeats_pixels: scaler.repeats_pixels(),
            quality: settings.delivery.quality,
            max_bytes: settings.delivery.max_bytes,
        });
        if let Place::File(output) = &picture.job.output {
            let folder = space::existing(&folder_of(output));
            let need = self.needs.entry(Disk::of(&folder)).or_insert(Need {
                folder,
                pictures: 0,
                bytes: 0,
            });
            need.pictures += 1;
            need.bytes += least;
        }
        let layout = extent.layout;
        let groups = passes(layout.colour, layout.alpha, scaler.channels()).len();
        Ok((memory, plan.macs * groups as f64))
    }

    /// Refuses what a disk cannot hold.
    pub fn check(&self) -> Result<(), Failure> {
        for need in self.needs.values() {
            let what = match need.pictures {
                1 => "the result of one picture takes".to_string(),
                count => format!("the results of {count} pictures take"),
            };
            space::refuse(&what, need.bytes, &need.folder)?;
        }
        Ok(())
    }
}

impl Ahead<'_> {
    fn extent(&self) -> Extent {
        Extent {
            width: self.outline.width,
            height: self.outline.height,
            layout: self.outline.layout,
        }
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pictures", self.pictures)?;
        if self.present > 0 {
            write!(f, ", {} with a result already", self.present)?;
        }
        if self.refused > 0 {
            write!(f, ", {} that cannot be done", self.refused)?;
        }
        match self.forecast.memory {
            // Nothing is left, or nothing that can be looked at beforehand.
            0 => Ok(()),
            _ => write!(f, ": {}", self.forecast),
        }
    }
}
