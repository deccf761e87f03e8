//! How much of each kind one order holds. What a body alone exceeds is refused at the edge; what only the state makes
//! too many is refused here.

pub const LINES_MAX: usize = 500;
pub const ADJUSTMENTS_MAX: usize = 200;
pub const PAYMENTS_MAX: usize = 200;
pub const SHIPMENTS_MAX: usize = 200;
pub const DELIVERIES_MAX: usize = 200;
pub const RETURNS_MAX: usize = 200;
/// Units of one line.
pub const QUANTITY_MAX: i64 = 1_000_000;
