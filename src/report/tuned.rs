//! A tuning as text, as pictures, as tables, and as one object.

mod page;
mod tables;

use super::number::{currency, group, percent, plain, significant};
use super::plot::{Cell, SettingsMap};
use autosim_engine::stats::Estimate;
use autosim_study::experiment::{Figure, Ruling};
use autosim_study::tune::{
    Family, Laboratory, Outcome, Point, Standing, Step, Tried, Way, pareto, steps,
};

/// A tuning that is told.
#[derive(Clone, Copy)]
pub struct Tuned<'a> {
    /// What was tried.
    pub laboratory: &'a Laboratory<'a>,
    /// What was found.
    pub outcome: &'a Outcome,
}

/// How many settings of a list are shown.
const SHOWN: usize = 8;

impl Tuned<'_> {
    /// What a terminal shows before the table of the judgement: how it was searched and what came out; `after` it the
    /// rest.
    pub fn text(&self) -> (String, String) {
        let mut before = self.searched();
        before.push('\n');
        before += &self.answer();
        let mut after = String::new();
        for part in [self.open(), self.frontier(), self.steps()] {
            if !part.is_empty() {
                after += &format!("\n{part}");
            }
        }
        (before, after)
    }

    fn cost(&self, cost: f64) -> String {
        let price = self.laboratory.base.price;
        match price.is_free() {
            true => format!("{} replica-hours", significant(cost, 4)),
            false => format!("{} {}", significant(cost, 4), currency(price.currency())),
        }
    }

    fn name(&self, (family, point): (usize, Point)) -> String {
        let family = &self.laboratory.families[family];
        match family.space.axes.is_empty() {
            true => format!("{} as it is", family.policy),
            false => format!("{} with {}", family.policy, family.space.told(point)),
        }
    }

    fn tried(&self, (family, point): (usize, Point)) -> Option<&Tried> {
        self.outcome.found.get(family)?.tried.get(&point)
    }

    /// How many settings there are, how many were tried, and how they were chosen.
    fn searched(&self) -> String {
        let mut text = String::new();
        for (family, found) in self.laboratory.families.iter().zip(&self.outcome.found) {
            let axes = family.space.axes.iter();
            let axes = axes.map(|axis| format!("{} {}", axis.values.len(), axis.key));
            let axes: Vec<String> = axes.collect();
            let way = match found.way {
                _ if axes.is_empty() => "as it is",
                Way::Whole => "every one was tried",
                Way::Halving => {
                    "halved along the one key that varies, as cost is in order along it"
                }
                Way::Surrogate => "chosen by a model of cost and SLO through those tried before",
            };
            let size = group(&plain(family.space.size_told(), 0));
            let axes =
                if axes.is_empty() { String::new() } else { format!(" ({})", axes.join(" x ")) };
            text += &format!(
                "{}: {} of {size} settings{axes} tried; {way}\n",
                family.policy,
                found.tried.len()
            );
        }
        let laboratory = self.laboratory;
        let cells = laboratory.run + laboratory.found;
        let before = match laboratory.found {
            0 => String::new(),
            found => format!(", {found} of them finished before"),
        };
        let requests = group(&plain(laboratory.requests as f64, 0));
        text + &format!("{cells} cells{before}, {requests} requests\n")
    }

    /// The winner, or why there is none.
    fn answer(&self) -> String {
        let Some(winner) = self.outcome.winner else { return self.nothing_holds() };
        let mut text = String::new();
        for dropped in &self.outcome.dropped {
            text += &format!("{} held in the search and not on fresh luck\n", self.name(*dropped));
        }
        let Some(one) = self.tried(winner) else { return text };
        let certain = match (self.outcome.unfinished, one.standing) {
            (true, _) => {
                "NOT FINISHED: the requests that were allowed are spent. Cheapest so far, not judged"
            }
            (false, Standing::Holds) => "Cheapest that holds",
            (false, Standing::Breaks | Standing::CannotTell) => {
                "Cheapest that was seen to hold, too close to the limit to tell"
            }
        };
        let share = percent(one.excess);
        let (name, cost) = (self.name(winner), self.cost(one.cost));
        text += &format!("{certain}: {name}, {cost} ({share} of what may be late or fail is)\n");
        let family = &self.laboratory.families[winner.0];
        let failing = self.outcome.found.get(winner.0).and_then(|found| found.failing);
        let failing = failing.and_then(|point| Some((point, self.tried((winner.0, point))?)));
        if let Some((point, one)) = failing {
            text += &format!(
                "Cheaper and nearest to it, {}, it does not: {} of what may be late or fail is, at {}\n",
                family.space.told(point),
                percent(one.excess),
                self.cost(one.cost)
            );
        }
        text += &self.ties(winner, one.cost);
        for other in self.outcome.bests().into_iter().filter(|other| *other != winner) {
            let cost = self.tried(other).map_or(f64::NAN, |one| one.cost);
            text += &format!("Best of the others: {}, {}\n", self.name(other), self.cost(cost));
        }
        text + &self.confirmed()
    }

    /// Others of its policy that hold at its cost: what differs between them does not matter to it.
    fn ties(&self, (family, point): (usize, Point), cost: f64) -> String {
        const SAME: f64 = 1e-3;
        let tried = self.outcome.found.get(family).map(|found| found.tried.iter());
        let same = tried.into_iter().flatten().filter(|(other, one)| {
            **other != point
                && one.standing == Standing::Holds
                && (one.cost / cost - 1.0).abs() < SAME
        });
        let same: Vec<String> =
            same.map(|(other, _)| self.laboratory.families[family].space.told(*other)).collect();
        match same.as_slice() {
            [] => String::new(),
            [only] => format!("As cheap, and holds too: {only}\n"),
            [first, .., last] => format!(
                "As cheap, and hold too: {} others, from {first} to {last}: what differs between them changes no cost\n",
                same.len()
            ),
        }
    }

    /// What the judgement says of the winner.
    fn confirmed(&self) -> String {
        let Some(judged) = &self.outcome.judged else { return String::new() };
        let Some(tuned) = judged.policy(&judged.tuned) else { return String::new() };
        let about = &judged.results.about;
        let seen = match about.draws {
            true => {
                let times = match self.outcome.dropped.len() {
                    0 => String::new(),
                    before => format!("; {before} before it missed on luck of their own"),
                };
                format!(
                    "on fresh luck (seed {}, {} replications{times})",
                    about.seed, about.replications
                )
            }
            false => "in a run of its own (nothing is drawn: there is no luck)".to_owned(),
        };
        let verdict = &tuned.verdict;
        let (met, of) = (verdict.met_in, verdict.of);
        let open = verdict.undecided.map_or(String::new(), |more| {
            format!(", so close that it takes {more} replications to tell")
        });
        let mut text =
            format!("Judged {seen}: it holds{open}, in {met} of {of} replications alone\n");
        text += &self.against_today();
        text += &self.regret();
        text + &self.folds()
    }

    fn against_today(&self) -> String {
        let Some(judged) = &self.outcome.judged else { return String::new() };
        let today = judged.today.as_deref().and_then(|name| judged.policy(name));
        let both = today.zip(judged.policy(&judged.tuned));
        let Some((today, (now, then))) = both.and_then(|(today, tuned)| {
            Some((today, (judged.cost(today)?, judged.cost(tuned)?))) //
        }) else {
            return String::new();
        };
        let change = 100.0 * (then / now - 1.0);
        match (today.verdict.ruling == Ruling::Met, change > -1.0) {
            (true, true) => {
                format!(
                    "Keep what you have: it holds, and this would change its cost by {change:+.1} %\n"
                )
            }
            (true, false) => {
                format!("What you have holds too; this changes its cost by {change:+.1} %\n")
            }
            (false, _) => {
                format!("What you have does not hold; this changes its cost by {change:+.1} %\n")
            }
        }
    }

    /// What the choice lets pass on days that the search has not seen.
    fn regret(&self) -> String {
        let Some(judged) = self.outcome.judged.as_ref().filter(|judged| !judged.others.is_empty())
        else {
            return String::new();
        };
        let Some(own) = judged.policy(&judged.tuned).and_then(|tuned| judged.cost(tuned)) else {
            return String::new();
        };
        let least = judged.cheapest_other();
        let seen = "On the days that the search did not see";
        match least {
            None => format!("{seen}, no other that was judged held\n"),
            Some((least, _)) if least >= own => {
                format!("{seen}, it is the cheapest of those judged that held\n")
            }
            Some((least, name)) => {
                let less = percent(1.0 - least / own);
                format!(
                    "{seen}, {name} held and cost {less} less: that is what the choice lets pass\n"
                )
            }
        }
    }

    /// What was chosen before each of several stretches held out, and how it did there.
    fn folds(&self) -> String {
        let folds = &self.outcome.folds;
        if folds.is_empty() {
            return String::new();
        }
        let kept = folds.iter().filter(|fold| fold.kept).count();
        let regrets: Vec<f64> = folds.iter().filter_map(|fold| fold.regret).collect();
        let mut text = format!(
            "Chosen on the days before and judged on those after, {} times: it kept the SLO in {kept}",
            folds.len()
        );
        if !regrets.is_empty() {
            let mean = regrets.iter().sum::<f64>() / regrets.len() as f64;
            let most = regrets.iter().copied().fold(0.0, f64::max);
            text += &format!(
                "; there others judged held for {} less on average, {} at most",
                percent(mean),
                percent(most)
            );
        }
        text.push('\n');
        for fold in folds {
            let chosen = fold.chosen.map_or("nothing held".to_owned(), |chosen| self.name(chosen));
            let how = match (fold.kept, fold.regret) {
                (true, Some(regret)) => format!("kept the SLO, regret {}", percent(regret)),
                (true, None) => "kept the SLO".to_owned(),
                (false, _) => "missed the SLO".to_owned(),
            };
            text += &format!("  until {}: {chosen}; {how}\n", fold.split);
        }
        text
    }

    fn nothing_holds(&self) -> String {
        let mut text = match self.outcome.dropped.len() {
            0 => "Nothing that was tried holds.\n".to_owned(),
            _ => {
                "Nothing that was judged holds on fresh luck; what held in the search and missed:\n"
                    .to_owned()
            }
        };
        for dropped in &self.outcome.dropped {
            let cost = self.tried(*dropped).map_or(f64::NAN, |one| one.cost);
            text += &format!("  {}, {}\n", self.name(*dropped), self.cost(cost));
        }
        if !self.outcome.dropped.is_empty() {
            return text
                + "More replications in the search, or a stricter SLO there, leave more margin\n";
        }
        let mut any = false;
        for (family, found) in self.outcome.found.iter().enumerate() {
            let closest = found.closest.and_then(|point| Some((point, found.tried.get(&point)?)));
            let Some((point, one)) = closest.filter(|(_, one)| one.excess.is_finite()) else {
                continue;
            };
            any = true;
            let (share, cost) = (percent(one.excess), self.cost(one.cost));
            let name = self.name((family, point));
            text +=
                &format!("Closest: {name}: {share} of what may be late or fail is, at {cost}\n");
        }
        match any {
            false => text + "No request arrived in what is measured: there is nothing to keep\n",
            true => {
                text + "Values beyond those tried, more replicas at least, a faster start-up or a softer SLO would \
                        change that: vary replica.cold_start or service.concurrency to see which\n"
            }
        }
    }

    fn open(&self) -> String {
        let all = self.outcome.found.iter().enumerate();
        let open =
            all.flat_map(|(family, found)| found.open.iter().map(move |point| (family, *point)));
        let open: Vec<(usize, Point)> = open.collect();
        if open.is_empty() {
            return String::new();
        }
        let mut text = match self.outcome.winner {
            Some(_) => "Cheaper, and too close to the limit to tell:\n".to_owned(),
            None => "Too close to the limit to tell:\n".to_owned(),
        };
        for subject in open.iter().take(SHOWN) {
            if let Some(one) = self.tried(*subject) {
                text += &format!(
                    "  {}: {}, {} replications\n",
                    self.name(*subject),
                    self.cost(one.cost),
                    one.replications
                );
            }
        }
        text
    }

    fn frontier(&self) -> String {
        let all = pareto(self.laboratory, self.outcome);
        if all.len() < 2 {
            return String::new();
        }
        let mut text = "Cost against latency, where nothing tried is better in both:\n".to_owned();
        let shown = all.len().min(SHOWN);
        for at in 0..shown {
            // Of a long list as many, spread evenly.
            let subject = all[at * (all.len() - 1) / (shown - 1).max(1)];
            let Some(one) = self.tried(subject) else { continue };
            let latency = self.estimate(subject, Figure::SloLatency);
            let latency =
                latency.map_or("∞".to_owned(), |e| format!("{} ms", significant(e.mean, 3)));
            let kept = told(one.standing);
            text += &format!(
                "  {:>14}  {latency:>9}  {kept:<13}  {}\n",
                self.cost(one.cost),
                self.name(subject)
            );
        }
        text
    }

    fn estimate(&self, (family, point): (usize, Point), figure: Figure) -> Option<Estimate> {
        let rows = self.laboratory.rows(family, Some(point));
        Estimate::of(&rows.iter().map(|row| row.get(figure)).collect::<Option<Vec<f64>>>()?)
    }

    fn sensitivity(&self) -> Vec<Step> {
        let winner = self.outcome.winner;
        let found = winner.and_then(|winner| self.outcome.found.get(winner.0));
        let both = found.zip(winner);
        both.map_or_else(Vec::new, |(found, winner)| steps(self.laboratory, found, winner))
    }

    fn steps(&self) -> String {
        let steps = self.sensitivity();
        if steps.is_empty() {
            return String::new();
        }
        let mut text = "One step away from it:\n".to_owned();
        for Step { key, value, cost, latency_ms, standing } in steps.iter().take(2 * SHOWN) {
            let latency = match latency_ms {
                (Some(there), Some(here)) => {
                    format!("latency {} -> {} ms", significant(*here, 3), significant(*there, 3))
                }
                (None, Some(_)) => "latency becomes ∞".to_owned(),
                (_, None) => "latency ∞".to_owned(),
            };
            let kept = told(*standing);
            text += &format!(
                "  {key} {value}: cost {:+.1} %, {latency}, {kept}\n",
                100.0 * (cost - 1.0)
            );
        }
        text
    }

    /// A picture of the settings of each policy that varies: its file and its text. Of more than two keys those settings
    /// that have the chosen values of the others.
    ///
    /// # Errors
    /// The picture cannot be drawn.
    pub fn pictures(&self) -> std::io::Result<Vec<(String, String)>> {
        let varies = |(at, family): (usize, &Family)| (!family.space.axes.is_empty()).then_some(at);
        let families = self.laboratory.families.iter().enumerate().filter_map(varies);
        let drawn = families.filter_map(|family| {
            let map = self.map(family)?;
            let name = super::plot::file_name(&self.laboratory.families[family].policy);
            Some(map.svg().map(|text| (format!("settings-{name}.svg"), text)))
        });
        drawn.collect()
    }

    /// The two longest axes of a family; `None` if they do not fit a picture, or nothing was tried.
    fn map(&self, family: usize) -> Option<SettingsMap> {
        const MOST_ROWS: usize = 26;
        let (space, found) =
            (&self.laboratory.families[family].space, self.outcome.found.get(family)?);
        let chosen = self.outcome.bests().into_iter().find(|(own, _)| *own == family);
        let middle = chosen.map(|(_, point)| point).or(found.closest)?;
        let mut longest: Vec<usize> = (0..space.axes.len()).collect();
        longest.sort_by_key(|axis| std::cmp::Reverse(space.axes[*axis].values.len()));
        let (x, y) = (*longest.first()?, longest.get(1).copied());
        let of = |axis: usize| (space.axes[axis].key.clone(), space.axes[axis].values.clone());
        let upwards = y.map_or_else(|| (String::new(), vec![String::new()]), of);
        let here = space.places(middle);
        let in_plane = |places: &[usize]| {
            (0..places.len()).all(|axis| axis == x || Some(axis) == y || places[axis] == here[axis])
        };
        let cell = |(point, one): (&Point, &Tried)| {
            let places = space.places(*point);
            in_plane(&places).then(|| Cell {
                at: (places[x], y.map_or(0, |y| places[y])),
                standing: one.standing,
                cost: significant(one.cost, 3),
                cost_value: one.cost,
                today: space.is_today(*point),
                chosen: chosen == Some((family, *point)),
            })
        };
        let policy = &self.laboratory.families[family].policy;
        let others =
            space.values(middle).enumerate().filter(|(axis, _)| *axis != x && Some(*axis) != y);
        let others = others.map(|(_, (key, value))| format!(", {key} {value}")).collect::<String>();
        let map = SettingsMap {
            title: format!("{}: settings of {policy}", self.laboratory.base.name),
            below: format!("cost of what was tried{others}; SLO: {}", self.laboratory.base.slo),
            across: of(x),
            upwards,
            tried: found.tried.iter().filter_map(cell).collect(),
        };
        (map.upwards.1.len() <= MOST_ROWS).then_some(map)
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Holds => "holds",
        Standing::Breaks => "breaks",
        Standing::CannotTell => "cannot-tell",
    }
}

fn told(standing: Standing) -> &'static str {
    match standing {
        Standing::Holds => "holds",
        Standing::Breaks => "does not hold",
        Standing::CannotTell => "cannot tell",
    }
}
