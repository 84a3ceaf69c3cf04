//! Importing a year's sales as an operator does: a file of lines in the order of time, into a hub that nobody else uses.
//!
//! It runs in a process of its own, so that its memory is that of an import and of nothing else.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use server::data;
use server::import::hub::{BookSink, ImportAuthor, source_author};
use server::import::{ImportOptions, Report, Silent, What, import};
use server::serve::Started;
use sync_core::entropy::SeededEntropy;
use sync_core::ids::ShopId;

use super::Bench;
use crate::figures::Figure;
use crate::hub::{config, this_program};
use crate::machine;

/// Lines for each customer: 1,500,000 at 50,000 customers.
const LINES_PER_CUSTOMER: u64 = 30;
/// Articles of the house.
const ARTICLES: u64 = 4_000;
/// Days that the file spans: three years of twelve months of 28 days.
const DAYS: u64 = 3 * 12 * 28;
/// The source named in the import.
const SOURCE: &str = "till";

/// What the child tells.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    first_s: f64,
    again_s: f64,
    rss_mb: f64,
}

/// The step: imports a file of sales, and the same file again.
pub(super) async fn run(bench: &mut Bench<'_>) -> Result<Vec<Figure>> {
    let customers = bench.hub.customers;
    let folder = bench.folder.join("import");
    let file = bench.folder.join("sales.csv");
    write_sales(&file, customers)?;
    let mut program = this_program(&["import"])?;
    program.arg("--data").arg(&folder).arg("--file").arg(&file);
    program.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || program.output()).await??;
    ensure!(
        output.status.success(),
        "the import failed ({})",
        output.status
    );
    let told: Told = serde_json::from_slice(&output.stdout).context("reading what was told")?;
    std::fs::remove_dir_all(&folder)?;
    let one = |name, unit, value| Figure::of(name, (customers, unit), vec![value]);
    let figures = [
        one("import.wall_s", "s", told.first_s),
        one("import.again_wall_s", "s", told.again_s),
        one("import.rss_mb", "MB", told.rss_mb),
    ];
    Ok(figures.into_iter().flatten().collect())
}

/// Writes a file of sales: one to five lines each, ascending in time, some customers often and most seldom.
fn write_sales(path: &Path, customers: u32) -> Result<()> {
    let mut chance = SeededEntropy::new(11);
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "sale_id,customer_id,date,amount,currency,sku,label,quantity"
    )?;
    let (customers, lines) = (
        u64::from(customers),
        u64::from(customers) * LINES_PER_CUSTOMER,
    );
    let (mut written, mut sale) = (0, 0);
    while written < lines {
        let count = (1 + chance.below(5)).min(lines - written);
        let often = chance.below(customers) * chance.below(customers) / customers.max(1);
        let day = written * DAYS / lines;
        let (year, month, of_month) = (2_023 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
        for _ in 0..count {
            let (article, euro, cent) = (
                chance.below(ARTICLES),
                5 + chance.below(895),
                chance.below(100),
            );
            writeln!(
                file,
                "S{sale:07},C{often:06},{year}-{month:02}-{of_month:02},{euro}.{cent:02},EUR,A{article:05},Article number {article},1"
            )?;
        }
        written += count;
        sale += 1;
    }
    file.flush()?;
    Ok(())
}

/// The hidden mode: makes a hub in `folder`, imports `file` twice and prints a [`Told`].
pub(crate) async fn child(folder: PathBuf, file: PathBuf) -> Result<()> {
    let config = config(folder.clone());
    let begun = Started::open(
        &config,
        Arc::new(data::open_store(&folder, true)?),
        Vec::new(),
    )
    .await?;
    let shop = begun.first_run.as_ref().context("the folder is new")?.shop;
    begun.finish().await;
    let store = Arc::new(data::open_for_work(&folder)?);
    let started = Started::open(&config, store, Vec::new()).await?;
    let begin = Instant::now();
    let first = import_file(&started, shop, &file).await?;
    let first_s = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    let again = import_file(&started, shop, &file).await?;
    let again_s = begin.elapsed().as_secs_f64();
    started.finish().await;
    ensure!(
        first.rejected_total() == 0 && again.records_unchanged == first.records_new,
        "not every row was taken, or the same file said something new"
    );
    let told = Told {
        first_s,
        again_s,
        rss_mb: machine::memory_mb(std::process::id())?.1,
    };
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}

async fn import_file(started: &Started, shop: ShopId, file: &Path) -> Result<Report> {
    let book = Arc::clone(&started.state.book);
    let options = ImportOptions {
        source: SOURCE.to_owned(),
        shop: Some(shop),
        currency: None,
        phone_country: None,
        shops: std::collections::BTreeSet::new(),
        now: book.run_time(),
    };
    let author = ImportAuthor {
        associate: source_author(SOURCE),
        shop,
        secret: started.state.keys.import_secret(),
        run: options.now,
    };
    let mut reader = BufReader::with_capacity(256 << 10, File::open(file)?);
    let runtime = tokio::runtime::Handle::current();
    let reading = tokio::task::spawn_blocking(move || {
        let mut sink = BookSink::new(book, author, runtime);
        import(What::Sales, &options, &mut reader, &mut sink, &mut Silent)
    });
    Ok(reading.await??)
}
