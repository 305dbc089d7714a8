//! Allocate on eight threads at once, every block through mimalloc.

use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static BLOCKS: AtomicUsize = AtomicUsize::new(0);

unsafe impl std::alloc::GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        BLOCKS.fetch_add(1, Ordering::Relaxed);
        unsafe { mimalloc::MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: std::alloc::Layout) {
        unsafe { mimalloc::MiMalloc.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn work(seed: usize) -> usize {
    let rows: Vec<Vec<usize>> = (0..2000).map(|n| (0..n % 97).map(|m| m ^ seed).collect()).collect();
    rows.iter().map(|row| row.iter().sum::<usize>()).sum()
}

#[no_mangle]
pub extern "C" fn check() -> i32 {
    let threads: Vec<_> = (0..8).map(|seed| std::thread::spawn(move || work(seed))).collect();
    let total: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    println!("{total} {}", BLOCKS.load(Ordering::Relaxed) > 8 * 1900);
    0
}
