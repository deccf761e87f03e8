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

const fn ratio(id: &'static str, what: &'static str, better: Better, marks: [f64; 3]) -> Target {
    let [floor, goal, dream] = marks;
    Target {
        id,
        what,
        unit: "",
        better,
        floor,
        goal,
        dream,
    }
}

const fn mebibytes(id: &'static str, what: &'static str, marks: [f64; 3]) -> Target {
    Target {
        unit: " MiB",
        ..ratio(id, what, Better::Lower, marks)
    }
}

pub const PLACE_PGBENCH: Target = ratio(
    "place_pgbench",
    "orders placed/s ÷ pgbench, same rows",
    Better::Higher,
    [0.7, 1.2, 1.8],
);
pub const PLACE_NAIVE: Target = ratio(
    "place_naive",
    "orders placed/s ÷ naive service",
    Better::Higher,
    [1.5, 2.5, 3.3],
);
pub const PAYMENTS_PGBENCH: Target = ratio(
    "payments_pgbench",
    "payments on many orders/s ÷ pgbench",
    Better::Higher,
    [0.6, 1.0, 1.4],
);
pub const HOT_PGBENCH: Target = ratio(
    "hot_pgbench",
    "payments on one order/s ÷ pgbench on one row",
    Better::Higher,
    [1.0, 3.0, 6.0],
);
pub const LATENCY_PGBENCH: Target = ratio(
    "latency_pgbench",
    "p99 at half load ÷ pgbench at that rate",
    Better::Lower,
    [4.0, 2.5, 1.5],
);
pub const RELAY: Target = ratio(
    "relay",
    "relayed events/s ÷ bare producer",
    Better::Higher,
    [0.25, 0.5, 0.8],
);
pub const LONG_STREAM: Target = ratio(
    "long_stream",
    "command on 10,000 events ÷ on 10",
    Better::Lower,
    [3.0, 1.5, 1.1],
);
/// Flat, as far as a measurement can tell.
pub const GROWTH: Target = ratio(
    "growth",
    "time per order, ten times the events",
    Better::Lower,
    [1.3, 1.1, 1.03],
);
pub const MEMORY_IDLE: Target =
    mebibytes("memory_idle", "resident memory, idle", [96.0, 32.0, 12.0]);
pub const MEMORY_LOADED: Target = mebibytes(
    "memory_loaded",
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
        for target in [
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
        ] {
            assert_eq!(
                target.standing(target.floor),
                Standing::Floor,
                "{}",
                target.id
            );
            assert_eq!(
                target.standing(target.goal),
                Standing::Goal,
                "{}",
                target.id
            );
            assert_eq!(
                target.standing(target.dream),
                Standing::Dream,
                "{}",
                target.id
            );
        }
    }
}
