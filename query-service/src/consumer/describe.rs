//! What the metrics of this module mean, for whoever reads them.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Says it to the recorder, once.
pub(super) fn describe_metrics() {
    describe_counter!(
        "orderfold_projection_events_total",
        "Events folded into a read model."
    );
    describe_histogram!(
        "orderfold_projection_batch_seconds",
        "Time to fold and write one batch, in one transaction."
    );
    describe_counter!(
        "orderfold_projection_aborts_total",
        "Batches that were given up and tried again: fenced off, in conflict with another, or failed."
    );
    describe_gauge!(
        "orderfold_projection_halted_shards",
        "Shards of this replica that stand still because the log cannot be followed."
    );
    describe_gauge!(
        "orderfold_projection_parked_streams",
        "Streams of which something is missing: an event cannot be folded, or was skipped."
    );
    describe_gauge!(
        "orderfold_projection_build_events_left",
        "Events that a rebuild still has to fold; 0 when none is going on."
    );
    describe_gauge!(
        "orderfold_projection_lag_events",
        "Events recorded but not folded, over all shards; NaN while the store cannot be asked."
    );
    describe_gauge!(
        "orderfold_projection_lag_seconds",
        "Age of the moment up to which everything recorded is folded; NaN while it is unknown."
    );
    describe_counter!(
        "orderfold_consumer_foreign_records_total",
        "Records in Kafka that are no events."
    );
    describe_counter!(
        "orderfold_consumer_pauses_total",
        "Times that reading was paused because too many events were in flight."
    );
}
