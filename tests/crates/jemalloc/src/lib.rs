//! Allocate on eight threads at once, every block through jemalloc.

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn work(seed: usize) -> usize {
    let rows: Vec<Vec<usize>> = (0..2000).map(|n| (0..n % 97).map(|m| m ^ seed).collect()).collect();
    rows.iter().map(|row| row.iter().sum::<usize>()).sum()
}

#[no_mangle]
pub extern "C" fn check() -> i32 {
    let threads: Vec<_> = (0..8).map(|seed| std::thread::spawn(move || work(seed))).collect();
    let total: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    println!("{total}");
    0
}
