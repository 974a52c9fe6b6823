//! Classes of requests: who is served first while they wait, and who leaves a full queue (rules 22, 23).

use super::{EventPlane, Ticket, Waiting};
use crate::fleet::dispatch::{Resolved, Sink};
use crate::fleet::{FleetSpec, QueueOrder, WhenFull};
use crate::units::Time;
use std::collections::VecDeque;

/// Tickets in the order in which they are served: by level, then as they came (rule 22).
#[derive(Debug, Clone, Default)]
pub(super) struct TicketQueue {
    /// Those of level 0.
    first: VecDeque<Ticket>,
    /// Those of the levels after it.
    others: Vec<VecDeque<Ticket>>,
}

impl TicketQueue {
    fn of_level(&mut self, level: u8) -> &mut VecDeque<Ticket> {
        let Some(place) = usize::from(level).checked_sub(1) else { return &mut self.first };
        if self.others.len() <= place {
            self.others.resize_with(place + 1, VecDeque::new);
        }
        &mut self.others[place]
    }

    #[inline]
    pub(super) fn push_back(&mut self, level: u8, ticket: Ticket) {
        match level {
            0 => self.first.push_back(ticket),
            _ => self.of_level(level).push_back(ticket),
        }
    }

    pub(super) fn push_front(&mut self, level: u8, ticket: Ticket) {
        self.of_level(level).push_front(ticket);
    }

    #[inline]
    pub(super) fn front(&self) -> Option<Ticket> {
        let next = self.first.front().or_else(|| self.others.iter().find_map(VecDeque::front));
        next.copied()
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<Ticket> {
        let first = self.first.pop_front();
        first.or_else(|| self.others.iter_mut().find_map(VecDeque::pop_front))
    }

    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.others.clear();
    }
}

/// What the plane knows of classes.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    order: QueueOrder,
    /// By class: tickets of those that wait, as they came, among stale ones; only where a full queue
    /// pushes out.
    waiting: Option<Vec<Vec<Ticket>>>,
}

/// Stale tickets are dropped once there are so many, and more of them than of others.
const FEW_TICKETS: usize = 64;

impl Classes {
    pub(super) fn new(spec: &FleetSpec) -> Option<Box<Self>> {
        let pushes = spec.queue.capacity.is_some() && spec.queue.when_full == WhenFull::PushOut;
        let waiting = pushes.then(|| vec![Vec::new(); spec.classes.into()]);
        (spec.classes > 1).then(|| Box::new(Self { order: spec.queue.order, waiting }))
    }

    /// In which line a class waits.
    #[inline]
    pub(super) fn level(classes: Option<&Self>, class: u8) -> u8 {
        match classes {
            Some(classes) if classes.order == QueueOrder::Priority => class,
            Some(_) | None => 0,
        }
    }
}

impl EventPlane {
    #[inline]
    pub(super) fn level(&self, class: u8) -> u8 {
        Classes::level(self.classes.as_deref(), class)
    }

    /// A request of that class met its fate.
    #[inline]
    pub(super) fn tell_class(&self, class: u8, arrival: u64, what: Resolved, sink: &mut impl Sink) {
        if self.classes.is_some() {
            sink.resolved(class, Time(arrival), what);
        }
    }

    /// A request begins to wait.
    #[inline]
    pub(super) fn note_waiting(&mut self, class: u8, ticket: Ticket) {
        let Some(waiting) = self.classes.as_mut().and_then(|all| all.waiting.as_mut()) else {
            return;
        };
        let tickets = &mut waiting[usize::from(class)];
        if tickets.len() >= FEW_TICKETS.max(2 * self.gauges.queued as usize) {
            tickets.retain(|&(at, stamp)| self.waiting[at as usize].stamp == stamp);
        }
        tickets.push(ticket);
    }

    /// Whether a request that waits has made room for one of that class (rule 23).
    pub(super) fn push_out_for(&mut self, class: u8, sink: &mut impl Sink) -> bool {
        let Some(waiting) = self.classes.as_mut().and_then(|all| all.waiting.as_mut()) else {
            return false;
        };
        let valid = |&(at, stamp): &Ticket| {
            let request = &self.waiting[at as usize];
            request.stamp == stamp && !request.again
        };
        let newest = |tickets: &mut Vec<Ticket>| {
            while let Some(ticket) = tickets.pop() {
                if valid(&ticket) {
                    return Some(ticket);
                }
            }
            None
        };
        let Some(higher) = waiting.get_mut(usize::from(class) + 1..) else { return false };
        let Some(ticket) = higher.iter_mut().rev().find_map(newest) else { return false };
        let request = self.take_unserved(ticket);
        self.tell_pushed_out(&request, sink);
        true
    }

    fn tell_pushed_out(&mut self, request: &Waiting, sink: &mut impl Sink) {
        if self.clients.is_some() {
            return self.refuse(request, sink);
        }
        sink.pushed_out(Time(request.arrival), Time(self.now));
        self.tell_class(request.class, request.arrival, Resolved::Rejected, sink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_served_by_level_then_as_they_came() {
        let mut queue = TicketQueue::default();
        for (level, number) in [(2, 0), (0, 1), (1, 2), (0, 3), (2, 4)] {
            queue.push_back(level, (number, 0));
        }
        queue.push_front(1, (5, 0));
        let mut served = Vec::new();
        while let Some(ticket) = queue.front() {
            assert_eq!(queue.pop_front(), Some(ticket));
            served.push(ticket.0);
        }
        assert_eq!(served, [1, 3, 5, 2, 0, 4]);
    }
}
