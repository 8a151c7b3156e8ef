//! What a decoder may take, decided before it takes anything.

use super::PictureError;

/// Bounds on one input picture.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Pixels that a picture may have.
    pub pixels: u64,
    /// Bytes that its decoded samples may take.
    pub bytes: u64,
}

impl Limits {
    /// Checks a size that a header states, before anything is allocated for it.
    ///
    /// `pixel_bytes` is what the decoder will need per pixel, its own buffers included.
    pub fn check(
        &self,
        width: usize,
        height: usize,
        pixel_bytes: usize,
    ) -> Result<(), PictureError> {
        if width == 0 || height == 0 {
            return Err(PictureError::Malformed(format!(
                "its header says {width}x{height} pixels"
            )));
        }
        let pixels = width as u64 * height as u64;
        if pixels > self.pixels {
            return Err(PictureError::Limit(format!(
                "{width}x{height} pixels are more than the limit of {}; \
                 raise --max-input-pixels if the picture is what you expect",
                self.pixels
            )));
        }
        let bytes = pixels.saturating_mul(pixel_bytes as u64);
        if bytes > self.bytes {
            return Err(PictureError::Limit(format!(
                "{width}x{height} pixels need {} MiB to decode, {} MiB are allowed; \
                 raise --max-memory",
                bytes.div_ceil(1 << 20),
                self.bytes >> 20
            )));
        }
        Ok(())
    }
}

/// Refuses a header that promises more than its file can hold, so that a few bytes cannot demand gigabytes.
///
/// `raw` is what the header promises and `ratio` the most that the compression yields for a stored
/// byte, in the unit of `raw`.
pub(crate) fn check_plausible(raw: u64, stored: u64, ratio: u64) -> Result<(), PictureError> {
    if raw > stored.saturating_mul(ratio) {
        return Err(PictureError::Malformed(
            "its header promises more pixels than the file can hold; it is cut off or damaged"
                .into(),
        ));
    }
    Ok(())
}

/// `count` zeros, or an error instead of an abort when memory does not suffice.
///
/// The pages are the system's zero pages until something is written to them, so that a header alone
/// commits nothing.
pub(crate) fn allocate<T: Clone + Default>(count: usize) -> Result<Vec<T>, PictureError> {
    drop(reserve::<T>(count)?);
    Ok(vec![T::default(); count])
}

/// An empty vector with room for `count` values, or an error when memory does not suffice.
pub(crate) fn reserve<T>(count: usize) -> Result<Vec<T>, PictureError> {
    let mut data = Vec::new();
    data.try_reserve_exact(count).map_err(|_| {
        PictureError::Limit(format!(
            "there is no memory for {} MiB of pixels",
            (count * size_of::<T>()).div_ceil(1 << 20)
        ))
    })?;
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_has_its_own_message() {
        let limits = Limits {
            pixels: 1000,
            bytes: 900,
        };
        assert!(limits.check(10, 90, 1).is_ok());
        assert!(matches!(
            limits.check(0, 9, 1),
            Err(PictureError::Malformed(_))
        ));
        let pixels = limits.check(1 << 20, 1 << 20, 1).unwrap_err().to_string();
        assert!(pixels.contains("--max-input-pixels"), "{pixels}");
        let bytes = limits.check(10, 90, 3).unwrap_err().to_string();
        assert!(bytes.contains("--max-memory"), "{bytes}");
    }
}
