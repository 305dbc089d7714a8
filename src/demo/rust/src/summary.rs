//! Grouping, counting and percentiles, on as many threads as there are processors.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ffi::{c_char, c_int};
use std::thread;

use crate::{number, table};

/// How many records a filter sees at once: enough to make a call cheap, few enough to share it between threads.
const BATCH: usize = 1024;
const MOST_THREADS: usize = 8;

/// `struct demo_text`.
#[repr(C)]
pub struct Text {
    bytes: *const c_char,
    length: usize,
}

impl Text {
    fn of(text: &str) -> Self {
        Self { bytes: text.as_ptr().cast(), length: text.len() }
    }
}

/// `demo_filter`.
pub type Filter = unsafe extern "C" fn(*const Text, usize, *const Text, usize, *mut u8) -> c_int;

/// What to do with the records.
pub struct Query<'a> {
    pub delimiter: u8,
    pub by: Option<&'a str>,
    pub value: Option<&'a str>,
    pub filter: Option<Filter>,
}

/// One group: how many records, and their values.
#[derive(Default)]
struct Group {
    count: usize,
    values: Vec<f64>,
}

type Groups = BTreeMap<String, Group>;

/// What every thread needs to know.
struct Job<'a> {
    query: &'a Query<'a>,
    names: &'a [Cow<'a, str>],
    by: usize,
    value: Option<usize>,
}

/// Returns the table to print.
pub fn summarise(data: &[u8], query: &Query) -> Result<String, String> {
    let header_end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (header, records) = data.split_at(header_end);
    let header = header.strip_suffix(b"\r").unwrap_or(header);
    if header.is_empty() {
        return Err("the first line names no fields".to_owned());
    }
    let mut names = Vec::new();
    table::split_line(header, query.delimiter, &mut names);
    let by = query.by.map_or(Ok(0), |name| find_field(&names, name))?;
    let value = query.value.map(|name| find_field(&names, name)).transpose()?;
    let job = Job { query, names: &names, by, value };
    Ok(render(&names[by], aggregate(records, &job)?, value.is_some()))
}

fn find_field(names: &[Cow<str>], wanted: &str) -> Result<usize, String> {
    names
        .iter()
        .position(|name| name == wanted)
        .ok_or_else(|| format!("there is no field {wanted}; the fields are {}", names.join(", ")))
}

fn aggregate(records: &[u8], job: &Job) -> Result<Groups, String> {
    let count = thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS));
    let results = thread::scope(|scope| {
        let threads: Vec<_> = table::pieces(records, count)
            .into_iter()
            .map(|piece| scope.spawn(move || aggregate_piece(piece, job)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("internal error".to_owned())))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let mut all = Groups::new();
    for groups in results {
        for (name, group) in groups {
            let sum = all.entry(name).or_default();
            sum.count += group.count;
            sum.values.extend(group.values);
        }
    }
    Ok(all)
}

fn aggregate_piece(piece: &[u8], job: &Job) -> Result<Groups, String> {
    let width = job.names.len();
    let mut groups = Groups::new();
    let mut fields = Vec::with_capacity(width * BATCH);
    for line in table::lines(piece) {
        let start = fields.len();
        table::split_line(line, job.query.delimiter, &mut fields);
        if fields.len() - start != width {
            let found = fields.len() - start;
            let text = String::from_utf8_lossy(line);
            return Err(format!("a record has {found} fields, not {width}: {text}"));
        }
        if fields.len() == width * BATCH {
            add_batch(&mut groups, &fields, job)?;
            fields.clear();
        }
    }
    add_batch(&mut groups, &fields, job)?;
    Ok(groups)
}

fn add_batch(groups: &mut Groups, fields: &[Cow<str>], job: &Job) -> Result<(), String> {
    let kept = apply_filter(fields, job)?;
    for (record, keep) in fields.chunks_exact(job.names.len()).zip(kept) {
        if keep == 0 {
            continue;
        }
        let group = groups.entry(record[job.by].clone().into_owned()).or_default();
        group.count += 1;
        if let Some(number) = job.value.and_then(|at| number::parse(&record[at])) {
            group.values.push(number);
        }
    }
    Ok(())
}

fn apply_filter(fields: &[Cow<str>], job: &Job) -> Result<Vec<u8>, String> {
    let rows = fields.len() / job.names.len();
    let mut keep = vec![1; rows];
    if let (Some(filter), true) = (job.query.filter, rows > 0) {
        let names: Vec<_> = job.names.iter().map(|name| Text::of(name)).collect();
        let texts: Vec<_> = fields.iter().map(|field| Text::of(field)).collect();
        // SAFETY: the texts outlive the call, and `keep` has room for an answer a record.
        let code = unsafe { filter(names.as_ptr(), names.len(), texts.as_ptr(), rows, keep.as_mut_ptr()) };
        if code != 0 {
            // The filter has said what is wrong.
            return Err(String::new());
        }
    }
    Ok(keep)
}

fn render(title: &str, groups: Groups, with_values: bool) -> String {
    let mut order: Vec<_> = groups.into_iter().collect();
    order.sort_by_key(|(_, group)| Reverse(group.count)); // stable: equal counts stay sorted by name
    let mut head = vec![title.to_owned(), "count".to_owned()];
    if with_values {
        head.extend(["sum", "min", "p50", "p95", "max"].map(str::to_owned));
    }
    let mut rows = vec![head];
    for (name, mut group) in order {
        let mut row = vec![name, group.count.to_string()];
        if with_values {
            row.extend(describe(&mut group.values));
        }
        rows.push(row);
    }
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<_> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (cell, &width))| if at == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") })
            .collect();
        text.push_str(&line.join(" "));
        text.push('\n');
    }
    text
}

/// Returns sum, minimum, median, 95th percentile (both by nearest rank) and maximum, or dashes.
fn describe(values: &mut [f64]) -> Vec<String> {
    if values.is_empty() {
        return vec!["-".to_owned(); 5];
    }
    // Sorting first makes the sum the same however the records were spread over threads.
    values.sort_by(f64::total_cmp);
    let rank = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    [values.iter().sum(), values[0], rank(0.5), rank(0.95), values[values.len() - 1]]
        .into_iter()
        .map(number::format)
        .collect()
}
