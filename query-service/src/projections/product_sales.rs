//! The read model `product_sales`: what each SKU sold, and how much of it came back.

use std::collections::BTreeMap;

use orderfold_events::{
    Envelope, Event,
    order::{Line, OrderEvent, OrderFact},
};

use super::{
    Contradiction, ReadModel, placed_order_of,
    ranking::{ItemBookings, ItemSales, Ranking},
    sum,
};

/// Marker of the projection; see [`Ranking`].
#[derive(Debug, Clone, Copy)]
pub struct ProductSales;

impl Ranking for ProductSales {
    const READ_MODEL: ReadModel = ReadModel::ProductSales;

    fn book(
        bookings: &mut ItemBookings,
        envelope: &Envelope,
        event: &Event,
    ) -> Result<(), Contradiction> {
        let Some((_, order)) = placed_order_of(event) else {
            return Ok(());
        };
        let names = names(order);
        for (sku, sales) in by_sku(order)? {
            let name = names.get(sku).copied();
            bookings.add(envelope, order, (sku, name), &sales)?;
        }
        Ok(())
    }
}

/// What an event changed, by SKU: several lines of an order may have the same.
fn by_sku(order: &OrderEvent) -> Result<BTreeMap<&str, ItemSales>, Contradiction> {
    let mut skus = BTreeMap::<&str, ItemSales>::new();
    for line in &order.change.lines {
        let sales = skus.entry(&line.sku).or_default();
        if let OrderFact::Placed(_) = order.fact {
            sales.orders = 1;
        }
        sales.units = sum(sales.units, line.units)?;
        sales.net_sales = sum(sales.net_sales, line.net)?;
        sales.taxes = sum(sales.taxes, line.tax)?;
        sales.returned_units = sum(sales.returned_units, returned_units(order, line.line)?)?;
    }
    Ok(skus)
}

fn returned_units(order: &OrderEvent, line: u32) -> Result<i64, Contradiction> {
    let OrderFact::ReturnRecorded(returned) = &order.fact else {
        return Ok(0);
    };
    let lines = returned.lines.iter().filter(|part| part.line == line);
    lines.map(|part| part.quantity).try_fold(0, sum)
}

/// The names that an event gives to SKUs.
fn names(order: &OrderEvent) -> BTreeMap<&str, &str> {
    let lines: &[Line] = match &order.fact {
        OrderFact::Placed(placed) => &placed.lines,
        OrderFact::Amended(amended) => &amended.lines,
        _ => &[],
    };
    let mut names = BTreeMap::new();
    for line in lines {
        let name = names.entry(line.sku.as_str()).or_insert("");
        *name = line.name.as_str().max(*name);
    }
    names
}
