//! Updating what moves neither money nor goods: references, tags and metadata, in every state after placing.

use orderfold_events::order::{DetailsUpdated, Lifecycle, OrderEvent, OrderFact, Placed};

use super::{OrderError, patch::DetailsPatch, recorder::Recorder, state::Ledger};

pub(super) fn update(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    patch: &DetailsPatch,
) -> Result<Vec<OrderEvent>, OrderError> {
    let details = patch.applied_to(&ledger.details)?;
    if details == ledger.details {
        return Ok(Vec::new());
    }
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(OrderFact::DetailsUpdated(details))?;
    recorder.finish()
}

/// The details among all that an order says.
pub(super) fn details_of(order: &Placed) -> DetailsUpdated {
    DetailsUpdated {
        reference: order.reference.clone(),
        customer_reference: order.customer_reference.clone(),
        tags: order.tags.clone(),
        metadata: order.metadata.clone(),
    }
}
