//! The places of an analysis that are worth showing, for the reports that have a picture.

use upwise_analyzer::report::{Analysis, Map, Measure, Place, Score, Status};

use super::words;

/// Most places of one measure that are shown: more of them hide the picture.
const OF_A_MEASURE: usize = 3;
/// Lines of text that are shown.
const LINES_OF_TEXT: usize = 12;

/// Red, green and blue.
pub type Rgb = [u8; 3];

/// The colour of the places to inspect.
pub const INSPECT: Rgb = [255, 255, 255];

/// A place with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What is there, in a word or two; `None` for further places of a measure.
    pub label: Option<String>,
    /// Where.
    pub place: Place,
    /// Its colour, that of its measure.
    pub colour: Rgb,
    /// Whether it is a place to inspect rather than a finding.
    pub inspect: bool,
}

/// Findings first, then the places to inspect.
pub fn marks(analysis: &Analysis) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut add = |measure: Measure, place: &Place| {
        let colour = colour(measure);
        let whole = (place.width, place.height) == (analysis.width, analysis.height);
        let of_it = || marks.iter().filter(|mark| mark.colour == colour);
        if whole || of_it().any(|mark| mark.place == *place) {
            return;
        }
        let first = of_it().next().is_none();
        marks.push(Mark {
            label: first.then(|| words::measure(measure).into()),
            place: *place,
            colour,
            inspect: false,
        });
    };
    for reason in &analysis.decision.reasons {
        if let Some(place) = &reason.place {
            add(reason.measure, place);
        }
    }
    for score in &analysis.scores {
        let most = match score.measure {
            Measure::SubjectClarity => 1,
            // Where it was not judged there is nothing to show but that it is there, and the other says so.
            Measure::TextReadable => LINES_OF_TEXT,
            Measure::TextValid if score.status == Status::Measured => LINES_OF_TEXT,
            _ if matters(score) => OF_A_MEASURE,
            _ => 0,
        };
        score
            .places
            .iter()
            .take(most)
            .for_each(|place| add(score.measure, place));
    }
    marks.extend(analysis.inspect.iter().map(|inspect| Mark {
        label: Some(inspect.what.clone()),
        place: inspect.place,
        colour: INSPECT,
        inspect: true,
    }));
    marks
}

/// The maps of what is wrong with the picture.
pub fn maps(analysis: &Analysis) -> impl Iterator<Item = &Map> {
    let filled = |map: &&Map| {
        map.columns * map.rows == map.cells.len() && map.cells.iter().any(|&cell| cell > 0.0)
    };
    analysis.maps.iter().filter(filled).filter(|map| {
        // Where the subject is, its box says.
        if map.measure == Measure::SubjectClarity {
            return false;
        }
        let score = analysis.score(map.measure);
        score.is_some_and(matters)
    })
}

/// Whether a measure speaks against the picture.
fn matters(score: &Score) -> bool {
    let weak = score.status == Status::Measured && !words::is_good(score);
    weak && words::is_merit(score.measure)
}

/// The colour of a measure's places and map. Told apart on photographs, and by most who see few colours.
pub fn colour(measure: Measure) -> Rgb {
    match measure {
        Measure::SubjectClarity => [0, 229, 255],
        Measure::EdgePresence => [0, 145, 255],
        Measure::Sharpness => [124, 77, 255],
        Measure::Noise => [213, 0, 249],
        Measure::Jpeg => [255, 61, 0],
        Measure::TrueResolution => [255, 171, 0],
        Measure::Light => [255, 234, 0],
        Measure::PixelArt => [118, 255, 3],
        Measure::Composition => [245, 0, 87],
        Measure::Content => [158, 158, 158],
        Measure::TextReadable => [0, 230, 118],
        Measure::TextValid => [255, 23, 68],
    }
}
