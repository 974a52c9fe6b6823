//! A tuning as tables, of settings and of their cells, and as one object.

use super::{Tuned, standing};
use crate::number;
use autosim_engine::stats::Estimate;
use autosim_study::experiment::{CostBy, Figure};
use autosim_study::tune::{Point, Tried};
use serde_json::{Value, json};

impl Tuned<'_> {
    /// A column for each key that varies, by its name.
    fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for axis in self.laboratory.families.iter().flat_map(|family| &family.space.axes) {
            if !keys.contains(&axis.key.as_str()) {
                keys.push(&axis.key);
            }
        }
        keys
    }

    /// What tells a setting in a table: its identity, its policy, and the values of the keys, empty where its policy has
    /// no such key.
    fn named(&self, (family, point): (usize, Point), keys: &[&str]) -> Vec<String> {
        let space = &self.laboratory.families[family].space;
        let value = |key: &&str| {
            let found = space.values(point).find(|(known, _)| known == key);
            found.map_or("", |(_, value)| value).to_owned()
        };
        let identity = self.laboratory.identity(family, Some(point)).to_owned();
        let named = [identity, self.laboratory.families[family].policy.clone()];
        named.into_iter().chain(keys.iter().map(value)).collect()
    }

    /// Every setting that was tried.
    pub fn csv(&self) -> String {
        let keys = self.keys();
        let mut out = csv::Writer::from_writer(Vec::new());
        let fixed = [
            "replications",
            "cost",
            "cost_low",
            "cost_high",
            "slo_latency_ms",
            "excess",
            "standing",
            "role",
        ];
        // Writing to memory cannot fail.
        let _ = out.write_record(["setting", "policy"].iter().chain(&keys).chain(&fixed));
        let figure = CostBy::of(self.laboratory.base.price).figure();
        for (subject, one) in self.all() {
            let cost = self.estimate(subject, figure);
            let of = |get: fn(&Estimate) -> f64| {
                cost.as_ref().map_or(String::new(), |e| get(e).to_string())
            };
            let latency = self.estimate(subject, Figure::SloLatency);
            let mut row = self.named(subject, &keys);
            row.extend([
                one.replications.to_string(),
                of(|e| e.mean),
                of(Estimate::low),
                of(Estimate::high),
                latency.map_or(String::new(), |e| e.mean.to_string()),
                one.excess.to_string(),
                standing(one.standing).to_owned(),
                self.role(subject).to_owned(),
            ]);
            let _ = out.write_record(row);
        }
        text(out)
    }

    /// Every cell of every setting that was tried: its identity, which names its file among the finished cells, its
    /// replication (from 1), and its figures.
    pub fn cells_csv(&self) -> String {
        let keys = self.keys();
        let mut out = csv::Writer::from_writer(Vec::new());
        let mut header = vec!["cell", "setting", "policy"];
        header.extend(&keys);
        header.push("replication");
        for figure in Figure::ALL {
            header.push(figure.column());
        }
        // Writing to memory cannot fail.
        let _ = out.write_record(header);
        for (subject, _) in self.all() {
            let named = self.named(subject, &keys);
            for (at, cell) in
                self.laboratory.finished(subject.0, Some(subject.1)).iter().enumerate()
            {
                let figure = |one: &Figure| {
                    number::figure(cell.figures.row.get(*one), one.kind()) //
                };
                let values = Figure::ALL.iter().map(figure);
                let row = [cell.id.clone()].into_iter().chain(named.iter().cloned());
                let _ = out.write_record(row.chain([(at + 1).to_string()]).chain(values));
            }
        }
        text(out)
    }

    /// The same as one object, with what was concluded.
    pub fn json(&self) -> Value {
        let settings: Vec<Value> =
            self.all().map(|(subject, one)| self.setting(subject, one)).collect();
        let of = |subject: Option<(usize, Point)>| {
            subject.and_then(|subject| Some(self.setting(subject, self.tried(subject)?)))
        };
        let winner = self.outcome.winner;
        let failing =
            winner.and_then(|(family, _)| Some((family, self.outcome.found.get(family)?.failing?)));
        let judged = self.outcome.judged.as_ref();
        json!({
            "winner": of(winner),
            "failing_neighbour": of(failing),
            "judged": judged.map(|judged| json!({
                "seed": judged.results.about.seed,
                "replications": judged.results.about.replications,
                "summary": crate::summary_json(&judged.results, &judged.comparison),
            })),
            "folds": self.outcome.folds.iter().map(|fold| json!({
                "until_s": fold.split.as_secs_f64(),
                "policy": fold.chosen.map(|(family, _)| &self.laboratory.families[family].policy),
                "values": fold.chosen.map(|chosen| self.values(chosen)),
                "kept": fold.kept,
                "regret": fold.regret,
            })).collect::<Vec<_>>(),
            "cells": self.laboratory.run + self.laboratory.found,
            "requests": self.laboratory.requests,
            "settings": settings,
        })
    }

    fn all(&self) -> impl Iterator<Item = ((usize, Point), &Tried)> {
        self.outcome.found.iter().enumerate().flat_map(|(family, found)| {
            found.tried.iter().map(move |(point, one)| ((family, *point), one)) //
        })
    }

    fn values(&self, (family, point): (usize, Point)) -> serde_json::Map<String, Value> {
        let values = self.laboratory.families[family].space.values(point);
        values.map(|(key, value)| (key.to_owned(), value.into())).collect()
    }

    fn setting(&self, subject: (usize, Point), one: &Tried) -> Value {
        let family = &self.laboratory.families[subject.0];
        json!({
            "setting": self.laboratory.identity(subject.0, Some(subject.1)),
            "policy": family.policy,
            "values": self.values(subject),
            "replications": one.replications,
            "cost": one.cost,
            "excess": one.excess,
            "slo_latency_ms": self.estimate(subject, Figure::SloLatency).map(|e| e.mean),
            "standing": standing(one.standing),
            "role": self.role(subject),
        })
    }

    fn role(&self, subject: (usize, Point)) -> &'static str {
        let failing = self
            .outcome
            .winner
            .and_then(|(family, _)| Some((family, self.outcome.found.get(family)?.failing?)));
        match Some(subject) {
            one if one == self.outcome.winner => "winner",
            one if one == failing => "failing-neighbour",
            _ if self.outcome.dropped.contains(&subject) => "dropped",
            _ => "",
        }
    }
}

fn text(out: csv::Writer<Vec<u8>>) -> String {
    String::from_utf8_lossy(&out.into_inner().unwrap_or_default()).into_owned()
}
