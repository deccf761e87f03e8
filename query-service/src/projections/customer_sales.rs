//! The read model `customer_sales`: what each customer bought, and how much of it came back.

use orderfold_events::{Envelope, Event, order::OrderFact};

use super::{
    Contradiction, ReadModel, order_steps, placed_order_of,
    ranking::{ItemBookings, ItemSales, Ranking},
    sum,
};

/// Marker of the projection; see [`Ranking`].
#[derive(Debug, Clone, Copy)]
pub struct CustomerSales;

impl Ranking for CustomerSales {
    const READ_MODEL: ReadModel = ReadModel::CustomerSales;

    fn book(
        bookings: &mut ItemBookings,
        envelope: &Envelope,
        event: &Event,
    ) -> Result<(), Contradiction> {
        let Some((_, order)) = placed_order_of(event) else {
            return Ok(());
        };
        let returned_units = match &order.fact {
            OrderFact::ReturnRecorded(returned) => returned
                .lines
                .iter()
                .try_fold(0, |units, line| sum(units, line.quantity))?,
            _ => 0,
        };
        let change = &order.change.totals;
        let sales = ItemSales {
            orders: order_steps(&order.fact).placed,
            units: change.units,
            returned_units,
            net_sales: change.net_sales,
            taxes: change.taxes,
        };
        let customer = order.summary.customer_id.to_string();
        bookings.add(envelope, order, (&customer, None), &sales)
    }
}
