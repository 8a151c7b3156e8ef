//! Zeroed, cache-line aligned memory for weights and feature maps.

use crate::{Error, Result};
use memmap2::{MmapMut, MmapOptions};

/// Floats in a cache line; offsets into a buffer are multiples of it where alignment matters.
pub(crate) const LINE: usize = 16;

/// Anonymous pages: aligned, zero until touched, handed back to the system when dropped.
pub(crate) struct Buffer {
    pages: MmapMut,
}

impl Buffer {
    /// `floats` zeros; an error if the system has not that much address space.
    pub fn zeroed(floats: usize) -> Result<Buffer> {
        let bytes = floats.max(1) * size_of::<f32>();
        let pages = MmapOptions::new().len(bytes).map_anon().map_err(|e| {
            let mib = bytes >> 20;
            Error::Limits(format!(
                "cannot reserve {mib} MiB of memory ({e}); lower the memory limit or the tile size"
            ))
        })?;
        // Advice only: fewer page faults and TLB misses where the system has huge pages.
        #[cfg(target_os = "linux")]
        let _ = pages.advise(memmap2::Advice::HugePage);
        Ok(Buffer { pages })
    }

    pub fn as_slice(&self) -> &[f32] {
        bytemuck::cast_slice(&self.pages)
    }

    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.pages)
    }

    pub fn as_ptr(&self) -> *const f32 {
        self.as_slice().as_ptr()
    }

    pub fn as_mut_ptr(&mut self) -> *mut f32 {
        self.as_mut_slice().as_mut_ptr()
    }
}

/// Room for `floats` numbers that will be a caller's, empty: that of `spent`, or new room, taken and advised as a [`Buffer`] is.
pub(crate) fn room_in(mut spent: Vec<f32>, floats: usize) -> Result<Vec<f32>> {
    if spent.capacity() >= floats {
        spent.clear();
        return Ok(spent);
    }
    drop(spent); // before more is asked for
    let mut room = Vec::new();
    room.try_reserve_exact(floats).map_err(|_| {
        let mib = (floats * size_of::<f32>()) >> 20;
        Error::Limits(format!(
            "cannot reserve {mib} MiB of memory for the result; enlarge it row by row, or by less"
        ))
    })?;
    advise_huge_pages(&mut room);
    Ok(room)
}

/// Asks for huge pages where whole ones fit: a result of gigabytes would cost its writers a page fault every 4 KiB.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn advise_huge_pages(room: &mut Vec<f32>) {
    const HUGE: usize = 2 << 20;
    let start = room.as_mut_ptr() as usize;
    let end = (start + room.capacity() * size_of::<f32>()) / HUGE * HUGE;
    let start = start.next_multiple_of(HUGE);
    if start < end {
        // SAFETY: the range lies in the vector's own allocation, and the advice changes no content.
        unsafe {
            libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn advise_huge_pages(_: &mut Vec<f32>) {}
