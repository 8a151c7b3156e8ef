//! AVX-512F: sixteen lanes.

use super::Simd;
use std::arch::x86_64::*;

/// The AVX-512 instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Avx512;

/// The same, with a sigmoid for what is rounded to bf16 in the end. Needs AVX-512DQ as well.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Coarse;

macro_rules! sixteen_lanes {
    ($name:ident $(, $own:item)?) => {
        impl Simd for $name {
            const LANES: usize = 16;
            type V = __m512;

            intrinsics! {
                splat(x: f32) -> __m512 = _mm512_set1_ps(x);
                load(p: *const f32) -> __m512 = _mm512_loadu_ps(p);
                store(p: *mut f32, v: __m512) -> () = _mm512_storeu_ps(p, v);
                add(a: __m512, b: __m512) -> __m512 = _mm512_add_ps(a, b);
                sub(a: __m512, b: __m512) -> __m512 = _mm512_sub_ps(a, b);
                mul(a: __m512, b: __m512) -> __m512 = _mm512_mul_ps(a, b);
                fma(a: __m512, b: __m512, c: __m512) -> __m512 = _mm512_fmadd_ps(a, b, c);
                max(a: __m512, b: __m512) -> __m512 = _mm512_max_ps(a, b);
                min(a: __m512, b: __m512) -> __m512 = _mm512_min_ps(a, b);
                round(v: __m512) -> __m512 = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(v);
                scale_by_power_of_two(p: __m512, n: __m512) -> __m512 = _mm512_scalef_ps(p, n);
                // 14 bits, then one Newton step: far shorter than a division.
                recip(v: __m512) -> __m512 = {
                    let r = _mm512_rcp14_ps(v);
                    _mm512_fmadd_ps(r, _mm512_fnmadd_ps(v, r, _mm512_set1_ps(1.0)), r)
                };
            }
            $($own)?
        }
    };
}

sixteen_lanes!(Avx512);
sixteen_lanes!(
    Avx512Coarse,
    /// `1 / (1 + 2^(n + f))` with `n + f = -v log2(e)` and `f` in 0..1; relative error below 2e-4, a tenth of
    /// bf16's half step. `2^f` by the polynomial of degree 3 whose largest relative error is smallest (7.5e-5). Large powers become infinity
    /// and the result 0; small ones stay normal, as a denormal result costs a hundred cycles.
    #[inline(always)]
    unsafe fn sigmoid(v: __m512) -> __m512 {
        const FRACTION: i32 = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            let x = Self::mul(v, Self::splat(-std::f32::consts::LOG2_E));
            let x = Self::max(x, Self::splat(-125.0));
            let f = _mm512_reduce_ps::<FRACTION>(x);
            let mut p = Self::splat(0.078_027_36);
            for c in [0.226_061_76, 0.695_836_4, 0.999_924_9] {
                p = Self::fma(p, f, Self::splat(c));
            }
            _mm512_rcp14_ps(Self::add(Self::splat(1.0), _mm512_scalef_ps(p, x)))
        }
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    #[target_feature(enable = "avx512f,avx512dq")]
    unsafe fn sigmoid<S: Simd<V = __m512>>(v: &mut [f32]) {
        // SAFETY: the caller's; whole vectors.
        unsafe {
            for v in v.chunks_exact_mut(S::LANES) {
                let sigmoid = S::sigmoid(S::load(v.as_ptr()));
                S::store(v.as_mut_ptr(), sigmoid);
            }
        }
    }

    /// Against f64, over all that is neither 0 nor 1 and beyond.
    #[test]
    fn sigmoids_are_as_exact_as_they_say() {
        if !Isa::Avx512.is_available() || !is_x86_feature_detected!("avx512dq") {
            println!("skipped: no AVX-512");
            return;
        }
        let values: Vec<f32> = (-17_000..17_000).map(|i| i as f32 * 0.005).collect();
        let exact = |v: f32| 1.0 / (1.0 + f64::from(-v).exp());
        let edges = [
            -f32::INFINITY,
            -1e30,
            -200.0,
            0.0,
            200.0,
            1e30,
            f32::INFINITY,
            88.0,
        ];
        let mut near = [values.as_slice(), &edges, &edges].concat();
        let mut coarse = near.clone();
        // SAFETY: asked for above.
        unsafe {
            sigmoid::<Avx512>(&mut near);
            sigmoid::<Avx512Coarse>(&mut coarse);
        }
        for (i, &v) in values.iter().enumerate() {
            let off = |got: f32| (f64::from(got) / exact(v) - 1.0).abs();
            assert!(off(near[i]) < 4e-7, "{v}: {}", near[i]);
            assert!(off(coarse[i]) < 2e-4, "{v}: {}", coarse[i]);
        }
        for (i, v) in edges.iter().enumerate() {
            for got in [near[values.len() + i], coarse[values.len() + i]] {
                assert!((f64::from(got) - exact(*v)).abs() < 2e-4, "{v}: {got}");
            }
        }
    }
}
