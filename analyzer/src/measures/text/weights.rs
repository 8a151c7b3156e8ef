//! Written by `recipe/lines.py`: weights that tell lines of text from other rows of marks.

/// Log-odds of a line whose form is 0.
pub(super) const BIAS: f32 = -16.44477;

/// Weights of its form, in the order of `FORM`.
pub(super) const WEIGHTS: [(&str, f32); 10] = [
    ("letters", -0.19478351),
    ("contrast", 0.29537573),
    ("two_colours", 10.383092),
    ("apart", 6.5306644),
    ("long", 2.4040644),
    ("ends", -6.3221273),
    ("heights", 3.781098),
    ("widths", 0.36987674),
    ("strokes", -6.100097),
    ("ground", -3.0726566),
];
