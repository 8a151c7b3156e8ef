//! The instructions: matrix tiles, rounding, products, and what follows them.

use super::{AHEAD_LINES, Finish, Product, TILE_BYTES, TILE_ROWS};
use crate::buffer::LINE;
use crate::kernel::epilogue::finish;
use crate::simd::{Avx512, Avx512Coarse, Simd};
use half::bf16;
use std::arch::asm;
use std::arch::x86_64::*;

/// Matrix tiles that hold all rows and all 64 bytes of a row, eight of them.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// The one configuration that the kernels work with.
static CONFIGURATION: Configuration = {
    let (mut row_bytes, mut rows) = ([0; 16], [0; 16]);
    let mut tile = 0;
    while tile < 8 {
        row_bytes[tile] = 64;
        rows[tile] = TILE_ROWS as u8;
        tile += 1;
    }
    Configuration {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        row_bytes,
        rows,
    }
};

/// Prepares this thread's matrix tiles.
///
/// # Safety
///
/// The processor has AMX, and the system lets this process use it.
pub(crate) unsafe fn begin() {
    // SAFETY: the caller's contract; the configuration is one that palette 1 allows.
    unsafe {
        asm!("ldtilecfg [{}]", in(reg) &raw const CONFIGURATION, options(nostack, preserves_flags, readonly));
    }
}

/// Gives them up: a thread with nothing in them is cheaper to switch.
///
/// # Safety
///
/// As for [`begin`].
pub(crate) unsafe fn end() {
    // SAFETY: the caller's contract.
    unsafe {
        asm!("tilerelease", options(nostack, preserves_flags, nomem));
    }
}

/// Rounds `len` floats, whole vectors, to the nearest bf16.
///
/// # Safety
///
/// The pointers cover them, and the processor has AVX-512 with BF16.
#[target_feature(enable = "avx512f,avx512bf16")]
pub(crate) unsafe fn round(src: *const f32, len: usize, out: *mut bf16) {
    // SAFETY: the caller's contract.
    unsafe {
        for i in (0..len).step_by(Avx512::LANES) {
            let rounded = _mm512_cvtneps_pbh(_mm512_loadu_ps(src.add(i)));
            out.add(i).cast::<__m256bh>().write_unaligned(rounded);
        }
    }
}

macro_rules! product {
    ($(#[$doc:meta])* $name:ident, $vectors:literal, ahead: [$($line:literal),*], zero: $zero:expr, chunk: [$($chunk:literal),* $(,)?], store: [$($store:literal),* $(,)?]) => {
        $(#[$doc])*
        ///
        /// # Safety
        ///
        /// The pointers cover what [`Product`] says, and this thread is between [`begin`] and [`end`].
        pub(crate) unsafe fn $name(a: &Product) {
            // SAFETY: the caller's contract.
            unsafe {
                asm!(
                    $zero,
                    "2:",
                    "mov {stride}, [{chunk}]",
                    // The first matrix tile's pixels, and the second's, sixteen further on.
                    "mov {near}, {pixel}",
                    "imul {near}, {stride}",
                    "add {near}, [{chunk} + 8]",
                    "mov {far}, {stride}",
                    "shl {far}, 4",
                    "add {far}, {near}",
                    $($chunk,)*
                    $(concat!("prefetcht1 [{ahead0} + ", $line, "]"),)*
                    $(concat!("prefetcht1 [{ahead1} + ", $line, "]"),)*
                    $(concat!("prefetcht1 [{ahead2} + ", $line, "]"),)*
                    "add {ahead0}, {ahead_bytes}",
                    "add {ahead1}, {ahead_bytes}",
                    "add {ahead2}, {ahead_bytes}",
                    "add {weights}, {chunk_bytes}",
                    "add {chunk}, 16",
                    "cmp {chunk}, {end}",
                    "jb 2b",
                    $($store,)*
                    chunk = inout(reg) a.chunks.as_ptr() => _,
                    end = in(reg) a.chunks.as_ptr_range().end,
                    pixel = in(reg) a.pixel,
                    weights = inout(reg) a.weights => _,
                    sums = in(reg) a.sums,
                    ahead0 = inout(reg) a.ahead[0] => _,
                    ahead1 = inout(reg) a.ahead[1] => _,
                    ahead2 = inout(reg) a.ahead[2] => _,
                    ahead_bytes = const AHEAD_LINES[$vectors - 1] * LINE * size_of::<f32>(),
                    stride = out(reg) _,
                    near = out(reg) _,
                    far = out(reg) _,
                    line = in(reg) 64usize,
                    row = in(reg) $vectors * 64usize,
                    chunk_bytes = const $vectors * TILE_BYTES,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

product!(
    /// One vector of output channels.
    product_1, 1,
    ahead: [0, 64, 128, 192],
    zero: "tilezero tmm0\n tilezero tmm1",
    chunk: [
        "tileloaddt1 tmm6, [{weights} + {line}]",
        "tileloadd tmm4, [{near} + {stride}]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tileloadd tmm5, [{far} + {stride}]",
        "tdpbf16ps tmm1, tmm5, tmm6",
    ],
    store: [
        "tilestored [{sums} + {row}], tmm0",
        "tilestored [{sums} + {row} + 1024], tmm1",
    ]
);

product!(
    /// Two vectors of output channels.
    product_2, 2,
    ahead: [0, 64],
    zero: "tilezero tmm0\n tilezero tmm1\n tilezero tmm2\n tilezero tmm3",
    chunk: [
        "tileloaddt1 tmm6, [{weights} + {line}]",
        "tileloadd tmm4, [{near} + {stride}]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tileloaddt1 tmm7, [{weights} + {line} + 1024]",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tileloadd tmm5, [{far} + {stride}]",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7",
    ],
    store: [
        "tilestored [{sums} + {row}], tmm0",
        "tilestored [{sums} + {row} + 64], tmm1",
        "tilestored [{sums} + {row} + 2048], tmm2",
        "tilestored [{sums} + {row} + 2112], tmm3",
    ]
);

product!(
    /// Three vectors of output channels: six of the eight matrix tiles hold sums, and what they are made of passes through the other
    /// two.
    product_3, 3,
    ahead: [0, 64, 128, 192],
    zero: "tilezero tmm0\n tilezero tmm1\n tilezero tmm2\n tilezero tmm3\n tilezero tmm4\n tilezero tmm5",
    chunk: [
        "tileloadd tmm6, [{near} + {stride}]",
        "tileloaddt1 tmm7, [{weights} + {line}]",
        "tdpbf16ps tmm0, tmm6, tmm7",
        "tileloadd tmm6, [{far} + {stride}]",
        "tdpbf16ps tmm3, tmm6, tmm7",
        "tileloaddt1 tmm7, [{weights} + {line} + 1024]",
        "tdpbf16ps tmm4, tmm6, tmm7",
        "tileloadd tmm6, [{near} + {stride}]",
        "tdpbf16ps tmm1, tmm6, tmm7",
        "tileloaddt1 tmm7, [{weights} + {line} + 2048]",
        "tdpbf16ps tmm2, tmm6, tmm7",
        "tileloadd tmm6, [{far} + {stride}]",
        "tdpbf16ps tmm5, tmm6, tmm7",
    ],
    store: [
        "tilestored [{sums} + {row}], tmm0",
        "tilestored [{sums} + {row} + 64], tmm1",
        "tilestored [{sums} + {row} + 128], tmm2",
        "tilestored [{sums} + {row} + 3072], tmm3",
        "tilestored [{sums} + {row} + 3136], tmm4",
        "tilestored [{sums} + {row} + 3200], tmm5",
    ]
);

/// Pixels that go through the epilogue together.
const TOGETHER: usize = 4;

/// Bias and epilogue.
///
/// # Safety
///
/// The pointers cover what [`Finish`] says, and the processor has AVX-512 with DQ and BF16.
#[target_feature(enable = "avx512f,avx512dq,avx512bf16")]
pub(crate) unsafe fn finish_block(a: &Finish) {
    // SAFETY: the caller's contract.
    unsafe {
        let whole = a.pixels / TOGETHER * TOGETHER;
        for pixel in (0..whole).step_by(TOGETHER) {
            finish_pixels::<TOGETHER>(a, pixel);
        }
        for pixel in whole..a.pixels {
            finish_pixels::<1>(a, pixel);
        }
    }
}

#[inline(always)]
unsafe fn finish_pixels<const N: usize>(a: &Finish, pixel: usize) {
    type S = Avx512Coarse;
    // SAFETY: the caller's contract.
    unsafe {
        for j in 0..a.vectors {
            let lane = j * S::LANES;
            let bias = S::load(a.epilogue.bias.as_ptr().add(a.channel + lane));
            let mut v = [bias; N];
            for i in 0..N {
                let sum = a.sums.add((pixel + i) * a.vectors * S::LANES + lane);
                v[i] = S::add(S::load(sum), bias);
            }
            let at = pixel * a.merge_stride + lane;
            let merge = a.merges.map(|m| m.wrapping_add(at));
            let v = finish::<S, N>(a.epilogue, v, a.channel + lane, merge, a.merge_stride);
            for i in 0..N {
                let out = a.out.add((pixel + i) * a.out_stride);
                if a.bf16 {
                    let out = out.cast::<bf16>().add(lane).cast::<__m256bh>();
                    out.write_unaligned(_mm512_cvtneps_pbh(v[i]));
                } else {
                    S::store(out.add(lane), v[i]);
                }
            }
        }
    }
}
