//! `cargo bench-stack write`: the parts of the run, in order, and what they are given.

mod contest;
mod growth;
mod latency;
mod long_stream;
mod relay;

use std::{process::ExitCode, time::Duration};

use orderfold_stack::{Progress, Result};

use crate::{
    arguments::{Part, WriteOptions},
    load,
    peers::{
        database::PeerDatabase,
        naive::NaiveProcess,
        pgbench::{Installed, Streams},
        sample::Samples,
    },
    report::Report,
    shots::{Shots, Stock},
    stage::Stage,
    statistics::Spread,
    targets,
};
use contest::{Contest, Match, Side};

const MIB: f64 = 1024.0;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Plan {
    pairs: u32,
    window: Duration,
    stock: Stock,
    /// Events of the store that growth starts from; it ends at ten times as many.
    growth_from: u64,
    relay_records: u32,
    long_stream_events: u32,
}

impl Plan {
    fn of(options: &WriteOptions) -> Self {
        let seconds =
            |normal| Duration::from_secs(u64::from(options.size.seconds.unwrap_or(normal)));
        if options.size.quick {
            return Self {
                pairs: options.size.pairs.unwrap_or(3),
                window: seconds(3),
                stock: Stock {
                    orders: 500,
                    hot_orders: 100,
                },
                growth_from: 4_000,
                relay_records: 20_000,
                long_stream_events: 1_000,
            };
        }
        Self {
            pairs: options.size.pairs.unwrap_or(5),
            window: seconds(5),
            stock: Stock {
                orders: 5_000,
                hot_orders: 2_000,
            },
            growth_from: 100_000,
            relay_records: 50_000,
            long_stream_events: 10_000,
        }
    }
}

/// Runs the parts, prints the table and writes the files.
///
/// # Errors
/// When something cannot be measured, or what was accepted is not what is stored.
pub async fn write(options: &WriteOptions, progress: &Progress) -> Result<ExitCode> {
    let plan = Plan::of(options);
    let mut report = Report::new(plan.pairs, plan.window);
    let contested = [Part::Place, Part::Payments, Part::Hot, Part::LongStream];
    if contested.iter().any(|part| options.wants(*part)) {
        contests(options, plan, &mut report, progress).await?;
    }
    if options.wants(Part::Growth) || options.wants(Part::Relay) {
        let stage = Stage::set(0, progress).await?;
        let stock = Stock {
            orders: 1,
            hot_orders: 0,
        };
        let shots = Shots::prepare(&stage, stock, progress).await?;
        if options.wants(Part::Growth) {
            growth::measure(&stage, &shots, plan, &mut report, progress).await?;
        }
        if options.wants(Part::Relay) {
            relay::measure(&stage, plan, &mut report, progress).await?;
        }
        stage.stack.stop().await?;
    }
    report.publish("write", &options.size.folder(options.only.is_empty()))?;
    Ok(ExitCode::SUCCESS)
}

/// The parts in which the service and its peers take turns.
async fn contests(
    options: &WriteOptions,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    // Looked for before anything is started: a missing one is known at once.
    let pgbench = Installed::find()?;
    let stage = Stage::set(0, progress).await?;
    let shots = Shots::prepare(&stage, plan.stock, progress).await?;
    let samples = Samples::take(&stage.store).await?;
    let peers = PeerDatabase::create(&stage.stack.backends().database_url, &stage.store).await?;
    let pgbench = pgbench.against(&peers.url);
    let naive = NaiveProcess::start(&stage, &peers.url, &samples).await?;
    let naive_api = load::Api::new(
        &naive.url,
        &stage.stack.token(orderfold_stack::Principal::Service)?,
    )?;
    let contest = Contest {
        stage: &stage,
        peers: &peers,
        pgbench: &pgbench,
        naive: &naive_api,
        plan,
    };
    if options.wants(Part::Place) {
        place(&contest, &shots, &samples, report, progress).await?;
    }
    if options.wants(Part::Payments) {
        let many = Match {
            part: "payments",
            streams: Streams::Many,
            sample: &samples.payment,
            service: &|| shots.pay_many(),
            naive: &|| shots.pay_numbered(),
            sides: &[Side::Service, Side::Pgbench, Side::Naive],
        };
        let rates = contest.hold(&many, report, progress).await?;
        report.find(targets::PAYMENTS_PGBENCH, rates.against(Side::Pgbench)?);
    }
    if options.wants(Part::Hot) {
        let hot = Match {
            part: "hot",
            streams: Streams::One,
            sample: &samples.payment,
            service: &|| shots.pay_one(),
            naive: &|| shots.pay_first(),
            sides: &[Side::Service, Side::Pgbench],
        };
        let rates = contest.hold(&hot, report, progress).await?;
        report.find(targets::HOT_PGBENCH, rates.against(Side::Pgbench)?);
    }
    if options.wants(Part::LongStream) {
        long_stream::measure(&stage, &shots, plan, report, progress).await?;
    }
    drop(naive);
    stage.stack.stop().await
}

async fn place(
    contest: &Contest<'_>,
    shots: &Shots,
    samples: &Samples,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let place = Match {
        part: "place",
        streams: Streams::New,
        sample: &samples.placed,
        service: &|| shots.place(),
        naive: &|| shots.place(),
        sides: &[Side::Service, Side::Pgbench, Side::Naive, Side::Ceiling],
    };
    let rates = contest.hold(&place, report, progress).await?;
    report.find(targets::PLACE_PGBENCH, rates.against(Side::Pgbench)?);
    report.find(targets::PLACE_NAIVE, rates.against(Side::Naive)?);
    let idle = contest.stage.idle_kib as f64 / MIB;
    report.find(targets::MEMORY_IDLE, Spread::single(idle));
    report.find(
        targets::MEMORY_LOADED,
        Spread::single(rates.peak_kib as f64 / MIB),
    );
    let half = rates.of(Side::Service)?.median / 2.0;
    latency::measure(contest, &place, half, report, progress).await
}
