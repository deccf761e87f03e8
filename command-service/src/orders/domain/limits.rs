//! How much of each kind one order holds. What a body alone exceeds is refused at the edge; what only the state makes
//! too many is refused here.

pub const LINES_MAX: usize = 500;
pub const ADJUSTMENTS_MAX: usize = 200;
pub const PAYMENTS_MAX: usize = 200;
pub const REFUNDS_MAX: usize = 200;
pub const SHIPMENTS_MAX: usize = 200;
pub const DELIVERIES_MAX: usize = 200;
pub const RETURNS_MAX: usize = 200;
/// Holds that were ever put on an order.
pub const HOLDS_MAX: u32 = 200;
pub const NOTES_MAX: usize = 1_000;
pub const METADATA_MAX: usize = 50;
/// Units of one line.
pub const QUANTITY_MAX: i64 = 1_000_000;
