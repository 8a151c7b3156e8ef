//! ESRGAN's generator, RRDBNet (Wang et al., 2018), and what became of it in Real-ESRGAN and BSRGAN.
//!
//! A convolution, a trunk of residual-in-residual dense blocks around which a residual leads, one
//! nearest-neighbour doubling plus convolution per factor of two, and two convolutions. Networks for
//! small factors first fold blocks of pixels into channels (pixel unshuffle), which the number of
//! channels that `conv_first` takes gives away. Three generations of code named the same tensors in three ways.

use super::builder::{Builder, kernel_shape};
use super::{count, exact_sqrt};
use crate::Result;
use crate::network::{Activation, Family, INPUT, Network, Op, Output, SlotId};
use crate::weights::StateDict;

const SLOPE: f32 = 0.2;
/// Factor on each dense block's and each residual-in-residual block's own result.
const RESIDUAL: f32 = 0.2;

/// How a generation of code names its tensors.
#[derive(Clone, Copy)]
enum Keys {
    /// BasicSR and Real-ESRGAN.
    New,
    /// BSRGAN and the first ESRGAN training code.
    Trunk,
    /// The published ESRGAN models: positions in nested `Sequential`s.
    Numbered,
}

const ALL: [Keys; 3] = [Keys::New, Keys::Trunk, Keys::Numbered];

impl Keys {
    fn of(dict: &StateDict) -> Option<Keys> {
        let known = |keys: &Keys| dict.contains(&format!("{}.weight", keys.dense(0, 1, 1)));
        ALL.into_iter().find(known)
    }

    fn first(self) -> &'static str {
        match self {
            Keys::New | Keys::Trunk => "conv_first",
            Keys::Numbered => "model.0",
        }
    }

    /// Convolution `conv` of dense block `dense` (both from 1) of trunk block `block` (from 0).
    fn dense(self, block: usize, dense: usize, conv: usize) -> String {
        match self {
            Keys::New => format!("body.{block}.rdb{dense}.conv{conv}"),
            Keys::Trunk => format!("RRDB_trunk.{block}.RDB{dense}.conv{conv}"),
            Keys::Numbered => format!("model.1.sub.{block}.RDB{dense}.conv{conv}.0"),
        }
    }

    /// The convolution at the trunk's end.
    fn body(self, blocks: usize) -> String {
        match self {
            Keys::New => "conv_body".into(),
            Keys::Trunk => "trunk_conv".into(),
            Keys::Numbered => format!("model.1.sub.{blocks}"),
        }
    }

    /// The convolution after doubling `i` (from 1). Numbered: each is preceded by the doubling and
    /// followed by its activation.
    fn up(self, i: usize) -> String {
        match self {
            Keys::New => format!("conv_up{i}"),
            Keys::Trunk => format!("upconv{i}"),
            Keys::Numbered => format!("model.{}", 3 * i),
        }
    }

    fn high_resolution(self, ups: usize) -> String {
        match self {
            Keys::New => "conv_hr".into(),
            Keys::Trunk => "HRconv".into(),
            Keys::Numbered => format!("model.{}", 3 * ups + 2),
        }
    }

    fn last(self, ups: usize) -> String {
        match self {
            Keys::New | Keys::Trunk => "conv_last".into(),
            Keys::Numbered => format!("model.{}", 3 * ups + 4),
        }
    }
}

pub(super) fn detect(dict: &StateDict) -> bool {
    Keys::of(dict).is_some()
}

pub(super) fn build(dict: &StateDict) -> Result<Network> {
    let keys = Keys::of(dict)
        .ok_or_else(|| dict.damaged("the first dense block of the trunk is missing".into()))?;
    let [features, folded, ..] = kernel_shape(dict, keys.first())?;
    let [growth, ..] = kernel_shape(dict, &keys.dense(0, 1, 1))?;
    let blocks = count(dict, 0, |i| format!("{}.weight", keys.dense(i, 1, 1)));
    let ups = count(dict, 1, |i| format!("{}.weight", keys.up(i)));
    let [channels, ..] = kernel_shape(dict, &keys.last(ups))?;
    let unshuffle = folded
        .is_multiple_of(channels)
        .then(|| exact_sqrt(folded / channels))
        .flatten()
        .ok_or_else(|| {
            dict.damaged(format!(
                "{} takes {folded} channels, which is no square number of images of {channels}",
                keys.first()
            ))
        })?;

    let mut b = Builder::new(dict, channels);
    let mut slot = INPUT;
    if unshuffle > 1 {
        slot = b.push_op(folded, |output| Op::PixelUnshuffle {
            input: INPUT,
            output,
            factor: unshuffle,
        });
    }
    let conv = b.conv(keys.first(), &[slot], features, 3)?;
    let feature = b.push(conv);
    slot = feature;
    for i in 0..blocks {
        let block = slot;
        for dense in 1..=3 {
            let outer = (dense == 3).then_some(block);
            slot = dense_block(
                &mut b,
                |conv| keys.dense(i, dense, conv),
                slot,
                growth,
                outer,
            )?;
        }
    }
    let conv = b.conv(&keys.body(blocks), &[slot], features, 3)?;
    slot = b.push(conv.add(feature, 1.0));

    let leaky = || Activation::LeakyRelu(SLOPE);
    for i in 1..=ups {
        slot = b.push_op(features, |output| Op::Nearest {
            input: slot,
            output,
            factor: 2,
        });
        let conv = b.conv(&keys.up(i), &[slot], features, 3)?;
        slot = b.push(conv.activate(leaky()));
    }
    let conv = b.conv(&keys.high_resolution(ups), &[slot], features, 3)?;
    slot = b.push(conv.activate(leaky()));
    let conv = b.conv(&keys.last(ups), &[slot], channels, 3)?;
    let output = Output {
        slot: b.push(conv),
        shuffle: 1,
        skip: false,
    };
    let detail = format!("{features} features, {blocks} blocks, growth {growth}");
    b.finish(Family::Esrgan, None, output, detail)
}

/// Five convolutions, each of which sees the block's input and every result before it. The last of the
/// three in a residual-in-residual block also adds that block's input, `outer`.
fn dense_block(
    b: &mut Builder,
    name: impl Fn(usize) -> String,
    input: SlotId,
    growth: usize,
    outer: Option<SlotId>,
) -> Result<SlotId> {
    let features = b.channels(&[input]);
    let mut maps = vec![input];
    for i in 1..=4 {
        let conv = b.conv(&name(i), &maps, growth, 3)?;
        let slot = b.push(conv.activate(Activation::LeakyRelu(SLOPE)));
        maps.push(slot);
    }
    let mut conv = b.conv(&name(5), &maps, features, 3)?.add(input, RESIDUAL);
    if let Some(outer) = outer {
        conv = conv.add(outer, RESIDUAL);
    }
    Ok(b.push(conv))
}
