//! What is to be reached: for each measure a floor, a goal and a dream, as ratios to a peer on the same machine.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    Higher,
    Lower,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    BelowFloor,
    Floor,
    Goal,
    Dream,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BelowFloor => "below floor",
            Self::Floor => "floor",
            Self::Goal => "goal",
            Self::Dream => "dream",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Target {
    pub id: &'static str,
    pub what: &'static str,
    /// Empty for ratios.
    pub unit: &'static str,
    pub better: Better,
    pub floor: f64,
    pub goal: f64,
    pub dream: f64,
}

impl Target {
    pub fn standing(&self, value: f64) -> Standing {
        let reached = |mark: f64| match self.better {
            Better::Higher => value >= mark,
            Better::Lower => value <= mark,
        };
        if reached(self.dream) {
            Standing::Dream
        } else if reached(self.goal) {
            Standing::Goal
        } else if reached(self.floor) {
            Standing::Floor
        } else {
            Standing::BelowFloor
        }
    }
}

/// A ratio to a peer that should be high.
const fn high(id: &'static str, what: &'static str, marks: [f64; 3]) -> Target {
    target(id, what, ("", Better::Higher), marks)
}

/// A ratio to a peer that should be low.
const fn low(id: &'static str, what: &'static str, marks: [f64; 3]) -> Target {
    target(id, what, ("", Better::Lower), marks)
}

const fn mebibytes(id: &'static str, what: &'static str, marks: [f64; 3]) -> Target {
    target(id, what, (" MiB", Better::Lower), marks)
}

const fn target(
    id: &'static str,
    what: &'static str,
    (unit, better): (&'static str, Better),
    [floor, goal, dream]: [f64; 3],
) -> Target {
    Target {
        id,
        what,
        unit,
        better,
        floor,
        goal,
        dream,
    }
}

pub const PLACE_PGBENCH: Target = high(
    "place_pgbench",
    "orders placed/s ÷ pgbench, same rows",
    [0.7, 1.2, 1.8],
);
pub const PLACE_NAIVE: Target = high(
    "place_naive",
    "orders placed/s ÷ naive service",
    [1.5, 2.5, 3.3],
);
pub const PAYMENTS_PGBENCH: Target = high(
    "payments_pgbench",
    "payments on many orders/s ÷ pgbench",
    [0.6, 1.0, 1.4],
);
pub const HOT_PGBENCH: Target = high(
    "hot_pgbench",
    "payments on one order/s ÷ pgbench on one row",
    [1.0, 3.0, 6.0],
);
pub const LATENCY_PGBENCH: Target = low(
    "latency_pgbench",
    "p99 at half load ÷ pgbench at that rate",
    [4.0, 2.5, 1.5],
);
pub const RELAY: Target = high(
    "relay",
    "relayed events/s ÷ bare producer",
    [0.25, 0.5, 0.8],
);
pub const LONG_STREAM: Target = low(
    "long_stream",
    "command on 10,000 events ÷ on 10",
    [3.0, 1.5, 1.1],
);
/// Flat, as far as a measurement can tell.
pub const GROWTH: Target = low(
    "growth",
    "time per order, ten times the events",
    [1.3, 1.1, 1.03],
);
pub const MEMORY_IDLE: Target =
    mebibytes("memory_idle", "resident memory, idle", [96.0, 32.0, 12.0]);
pub const MEMORY_LOADED: Target = mebibytes(
    "memory_loaded",
    "resident memory, full load",
    [256.0, 96.0, 40.0],
);

pub const PROJECTION: Target = high(
    "projection",
    "events folded/s ÷ raw batched updates",
    [0.4, 0.8, 1.3],
);
pub const REBUILD: Target = high(
    "rebuild",
    "events rebuilt/s ÷ raw insertMany",
    [0.5, 1.5, 4.0],
);
pub const GET_ORDER: Target = high(
    "get_order",
    "GET of one order/s ÷ raw find_one",
    [0.65, 0.85, 0.95],
);
pub const VISIBLE_MEDIAN: Target = low(
    "visible_median",
    "command to visible, p50 ÷ hand-written chain",
    [3.0, 1.5, 1.1],
);
pub const VISIBLE_TAIL: Target = low(
    "visible_tail",
    "command to visible, p99 ÷ hand-written chain",
    [5.0, 2.0, 1.3],
);
/// Flat, as far as a measurement can tell.
pub const PAGES: Target = low(
    "pages",
    "p99 of the worst page, ten times the orders",
    [1.5, 1.1, 1.03],
);
pub const QUERY_MEMORY: Target = mebibytes(
    "query_memory",
    "resident memory, full load",
    [256.0, 96.0, 40.0],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_reached_from_the_right_side() {
        assert_eq!(PLACE_PGBENCH.standing(0.69), Standing::BelowFloor);
        assert_eq!(PLACE_PGBENCH.standing(0.7), Standing::Floor);
        assert_eq!(PLACE_PGBENCH.standing(2.0), Standing::Dream);
        assert_eq!(LATENCY_PGBENCH.standing(4.1), Standing::BelowFloor);
        assert_eq!(LATENCY_PGBENCH.standing(2.5), Standing::Goal);
        assert_eq!(MEMORY_IDLE.standing(10.0), Standing::Dream);
    }

    #[test]
    fn the_marks_of_every_target_ascend_towards_the_better_side() {
        let all = [
            PLACE_PGBENCH,
            PLACE_NAIVE,
            PAYMENTS_PGBENCH,
            HOT_PGBENCH,
            LATENCY_PGBENCH,
            RELAY,
            LONG_STREAM,
            GROWTH,
            MEMORY_IDLE,
            MEMORY_LOADED,
            PROJECTION,
            REBUILD,
            GET_ORDER,
            VISIBLE_MEDIAN,
            VISIBLE_TAIL,
            PAGES,
            QUERY_MEMORY,
        ];
        for target in all {
            let reached =
                [target.floor, target.goal, target.dream].map(|mark| target.standing(mark));
            let expected = [Standing::Floor, Standing::Goal, Standing::Dream];
            assert_eq!(reached, expected, "{}", target.id);
        }
    }
}
