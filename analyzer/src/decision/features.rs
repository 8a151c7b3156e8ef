//! What the odds are computed from: the evidence as a row of numbers.
//!
//! Neither the size of the picture nor its format is among them, nor the bits of its file: they tell how a picture was
//! handed over, and a model that sees them learns habits instead of damage.

use crate::report::{Evidence, Measure, Score};

/// Where a feature comes from.
type Source = fn(&Evidence, &dyn Fn(Measure) -> Option<f32>) -> Option<f32>;

/// Names and sources, in the order of the fitted model.
const TABLE: &[(&str, Source)] = &[
    ("noise_sigma", |e, _| e.noise_sigma),
    ("grain_sigma", |e, _| e.grain_sigma),
    ("jpeg_quality", |e, _| e.jpeg_quality),
    ("blockiness", |e, _| e.blockiness),
    ("true_factor", |e, _| e.true_factor.map(|[x, y]| x.max(y))),
    ("edge_sigma", |e, _| e.edge_sigma),
    ("edges_kept", |e, _| e.edges_kept),
    ("edge_density", |e, _| e.edge_density),
    ("cpbd", |e, _| e.cpbd),
    ("brightness", |e, _| e.brightness),
    ("middle_brightness", |e, _| e.middle_brightness),
    ("shadows_clipped", |e, _| e.shadows_clipped),
    ("flat_share", |e, _| e.flat_share),
    ("art", |e, _| e.art),
    ("halving_kept", |e, _| e.halving.map(|h| h.kept)),
    ("halving_worst", |e, _| e.halving.map(|h| h.worst)),
    ("halving_lost", |e, _| e.halving.map(|h| h.lost)),
    ("again_kept", |e, _| e.halving_again.map(|h| h.kept)),
    ("again_worst", |e, _| e.halving_again.map(|h| h.worst)),
    ("again_lost", |e, _| e.halving_again.map(|h| h.lost)),
    ("filter_2x", |e, _| e.expected_2x.map(|u| u.filter)),
    ("best_2x", |e, _| e.expected_2x.map(|u| u.best())),
    ("network_gain_2x", |e, _| {
        e.expected_2x.map(|u| u.network_gain())
    }),
    ("fix_gain_2x", |e, _| e.expected_2x.map(|u| u.fix_gain())),
    ("filter_4x", |e, _| e.expected_4x.map(|u| u.filter)),
    ("best_4x", |e, _| e.expected_4x.map(|u| u.best())),
    ("network_gain_4x", |e, _| {
        e.expected_4x.map(|u| u.network_gain())
    }),
    ("fix_gain_4x", |e, _| e.expected_4x.map(|u| u.fix_gain())),
    ("score_edges", |_, score| score(Measure::EdgePresence)),
    ("score_sharpness", |_, score| score(Measure::Sharpness)),
    ("score_true_resolution", |_, score| {
        score(Measure::TrueResolution)
    }),
];

/// Names of the features, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// The features of a picture, in the order of [`names`]; `None` where nothing was measured.
pub fn features(evidence: &Evidence, scores: &[Score]) -> Vec<Option<f32>> {
    let value = |measure| scores.iter().find(|s| s.measure == measure)?.value;
    let finite = |v: &f32| v.is_finite();
    let row = TABLE
        .iter()
        .map(|(_, source)| source(evidence, &value).filter(finite));
    row.collect()
}
