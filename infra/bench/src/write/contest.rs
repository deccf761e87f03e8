//! A contest: the service and its peers do the same work by turns, several times over, so that a busy machine is busy
//! for all of them. After each turn, what was acknowledged has to be what is stored.

use std::{collections::BTreeMap, time::Duration};

use orderfold_stack::{Progress, Result, StackError};

use super::Plan;
use crate::{
    cpu,
    load::{self, Api, Shot},
    peers::{
        ceiling,
        database::PeerDatabase,
        pgbench::{Pgbench, Streams},
        sample::Sample,
    },
    report::Report,
    stage::{Stage, count, resident_kib},
    statistics::Spread,
};

const WARM_UP: Duration = Duration::from_secs(1);
const MEMORY_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Service,
    Pgbench,
    Naive,
    Ceiling,
}

impl Side {
    fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Pgbench => "pgbench",
            Self::Naive => "naive service",
            Self::Ceiling => "group commit in plain SQL",
        }
    }
}

pub struct Contest<'a> {
    pub stage: &'a Stage,
    pub peers: &'a PeerDatabase,
    pub pgbench: &'a Pgbench,
    pub naive: &'a Api,
    pub plan: Plan,
}

/// The work, for each side in its own form.
pub struct Match<'a> {
    pub part: &'static str,
    pub streams: Streams,
    pub sample: &'a Sample,
    pub service: &'a dyn Fn() -> Shot,
    pub naive: &'a dyn Fn() -> Shot,
    pub sides: &'a [Side],
}

/// Commands per second of each turn.
pub struct Rates {
    turns: BTreeMap<Side, Vec<f64>>,
    /// The most memory that the service had resident.
    pub peak_kib: u64,
    /// What each command of the service cost: what of, and its unit.
    costs: BTreeMap<(&'static str, &'static str), Vec<f64>>,
}

impl Rates {
    pub fn of(&self, side: Side) -> Result<Spread> {
        Spread::of(self.each(side))
    }

    /// The service's rate as a multiple of a peer's.
    pub fn against(&self, peer: Side) -> Result<Spread> {
        Spread::of_ratios(self.each(Side::Service), self.each(peer))
    }

    fn each(&self, side: Side) -> &[f64] {
        self.turns.get(&side).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Contest<'_> {
    /// # Errors
    /// When a side fails, refuses, or stored something else than it acknowledged.
    pub async fn hold(
        &self,
        contest: &Match<'_>,
        report: &mut Report,
        progress: &Progress,
    ) -> Result<Rates> {
        let mut rates = Rates {
            turns: BTreeMap::new(),
            peak_kib: 0,
            costs: BTreeMap::new(),
        };
        let turns = u64::from(self.plan.pairs) * u64::try_from(contest.sides.len()).unwrap_or(0);
        let step = progress.counted(format!("{}: taking turns", contest.part), turns);
        self.warm_up(contest).await?;
        let mut done = 0;
        for pair in 0..self.plan.pairs {
            let mut sides = contest.sides.to_vec();
            if pair % 2 == 1 {
                sides.reverse();
            }
            for side in sides {
                let rate = self.turn(contest, side, &mut rates, report).await?;
                rates.turns.entry(side).or_default().push(rate);
                done += 1;
                step.set(done);
            }
        }
        step.done();
        for side in contest.sides {
            report.figure(contest.part, side.as_str(), "/s", rates.of(*side)?);
        }
        for ((what, unit), costs) in &rates.costs {
            let what = format!("{what}, a command");
            report.figure(contest.part, what, unit, Spread::of(costs)?);
        }
        Ok(rates)
    }

    /// Neither service is to be measured while it opens its connections to the database.
    async fn warm_up(&self, contest: &Match<'_>) -> Result<()> {
        load::closed(&self.stage.api, contest.service, WARM_UP).await?;
        if contest.sides.contains(&Side::Naive) {
            load::closed(self.naive, contest.naive, WARM_UP).await?;
        }
        self.stage.relayed().await
    }

    /// What the service and those who share the machine with it have used so far, and its unit.
    async fn used(&self) -> Result<[(&'static str, &'static str, f64); 6]> {
        let micros = |used: Duration| used.as_secs_f64() * 1e6;
        let stack = &self.stage.stack;
        let service = cpu::used_by(self.stage.service()?);
        let postgres = cpu::used_by(stack.postgres()?);
        let kafka = cpu::used_by(stack.kafka()?);
        let (transactions, bytes) = self.stage.committed().await?;
        Ok([
            ("processor time of the service", "µs", micros(service)),
            ("processor time of PostgreSQL", "µs", micros(postgres)),
            ("processor time of Kafka", "µs", micros(kafka)),
            ("processor time of the load", "µs", micros(cpu::used_here())),
            ("transactions of PostgreSQL", "", transactions as f64),
            ("log written by PostgreSQL", "B", bytes as f64),
        ])
    }

    async fn turn(
        &self,
        contest: &Match<'_>,
        side: Side,
        rates: &mut Rates,
        report: &mut Report,
    ) -> Result<f64> {
        let event_type = &contest.sample.event_type;
        let pool = if side == Side::Service {
            &self.stage.store
        } else {
            &self.peers.pool
        };
        let window = self.plan.window;
        let before = count(pool, event_type).await?;
        let done = match side {
            Side::Service => self.serve(contest, rates).await?,
            Side::Naive => {
                let tally = load::closed(self.naive, contest.naive, window).await?;
                Done::of(tally, window)?
            }
            Side::Pgbench => {
                let run = self
                    .pgbench
                    .run(contest.streams, contest.sample, None, window)
                    .await?;
                Done {
                    accepted: run.transactions,
                    retried: 0,
                    per_second: run.per_second,
                }
            }
            Side::Ceiling => {
                let written = ceiling::write(&self.peers.url, contest.sample, window).await?;
                Done {
                    accepted: written,
                    retried: 0,
                    per_second: written as f64 / window.as_secs_f64(),
                }
            }
        };
        let stored = count(pool, event_type).await?.saturating_sub(before);
        let what = format!("{}, {}", contest.part, side.as_str());
        report.check(what, done.accepted, stored, done.retried)?;
        if side == Side::Service {
            self.stage.relayed().await?;
        }
        Ok(done.per_second)
    }

    /// The service's turn, and what it costs.
    async fn serve(&self, contest: &Match<'_>, rates: &mut Rates) -> Result<Done> {
        let window = self.plan.window;
        let before = self.used().await?;
        let load = load::closed(&self.stage.api, contest.service, window);
        let (tally, kib) = with_memory(self.stage, load).await?;
        rates.peak_kib = kib.max(rates.peak_kib);
        let after = self.used().await?;
        for ((what, unit, after), (.., before)) in after.into_iter().zip(before) {
            let each = (after - before) / tally.accepted.max(1) as f64;
            rates.costs.entry((what, unit)).or_default().push(each);
        }
        Done::of(tally, window)
    }
}

/// What a side did in its turn.
struct Done {
    accepted: u64,
    retried: u64,
    per_second: f64,
}

impl Done {
    fn of(tally: load::Tally, window: Duration) -> Result<Self> {
        let tally = tally.all_accepted()?;
        if tally.in_time == 0 {
            return Err(StackError::failed("measure", "nothing was accepted at all"));
        }
        Ok(Self {
            accepted: tally.accepted,
            retried: tally.retried,
            per_second: tally.in_time as f64 / window.as_secs_f64(),
        })
    }
}

/// Runs a load, and says how much memory the service had resident at most meanwhile.
async fn with_memory<T>(stage: &Stage, load: impl Future<Output = Result<T>>) -> Result<(T, u64)> {
    let mut load = std::pin::pin!(load);
    let mut ticks = tokio::time::interval(MEMORY_EVERY);
    let mut peak_kib = 0;
    loop {
        tokio::select! {
            done = &mut load => return Ok((done?, peak_kib)),
            _ = ticks.tick() => peak_kib = resident_kib(stage.service()?)?.max(peak_kib),
        }
    }
}
