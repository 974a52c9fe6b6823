//! Reads the members of documents, and says what is wrong with them in the platform's words.
//!
//! A product gives its words once, as a [`Dialect`]; then a member is one line,
//! `let max = capacity.need("max_replicas").whole()`. What is wrong goes to the reader's faults, with the
//! way to the member, and `None` comes back, so that all faults of a document are told together.

use super::dialect::{Dialect, Kind, Place, Wrong};
use super::{DocumentFault, DocumentFaults, Omitted};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::LazyLock;

/// Walks documents that belong together, and collects what is wrong with them.
pub struct Reader<D> {
    /// How it reads.
    pub dialect: D,
    /// Whether it refuses what the platform lets pass by kindness.
    pub strict: bool,
    /// The document that is read.
    present: Cell<usize>,
    faults: RefCell<DocumentFaults>,
    omitted: RefCell<Vec<Omitted>>,
}

impl<D: Dialect> Reader<D> {
    /// Nothing read yet.
    pub fn new(dialect: D, strict: bool) -> Self {
        Self {
            dialect,
            strict,
            present: Cell::default(),
            faults: RefCell::default(),
            omitted: RefCell::default(),
        }
    }

    /// What was found.
    pub fn into_faults(self) -> DocumentFaults {
        self.faults.into_inner().once()
    }

    /// Members that were left out since this was last asked, with what stands in for them.
    pub fn take_omitted(&self) -> Vec<Omitted> {
        self.omitted.take()
    }

    /// A document from its root; what follows is about it.
    pub fn document<'r>(&'r self, number: usize, value: &'r Value) -> Member<'r, D> {
        self.turn_to(number);
        self.part("", "", Some(value))
    }

    /// What follows is about this document.
    pub fn turn_to(&self, number: usize) {
        self.present.set(number);
    }

    /// What is at `path` of the present document.
    pub fn part<'r>(
        &'r self,
        path: &str,
        name: &'r str,
        value: Option<&'r Value>,
    ) -> Member<'r, D> {
        let document = self.present.get();
        Member::new(self, Place { document, name, path: path.into(), field: path.into() }, value)
    }

    /// The members of the present document.
    pub fn object<'r>(&'r self, map: &'r Map<String, Value>) -> Members<'r, D> {
        Members { me: self.part("", "", None), map }
    }

    /// How many errors were found so far; compare before and after a part to see if it was sound.
    pub fn errors(&self) -> usize {
        self.faults.borrow().errors()
    }

    /// Adds a fault at `path` of the present document.
    pub fn add(&self, path: &str, fault: DocumentFault) {
        self.faults.borrow_mut().add(self.present.get(), path, fault);
    }

    /// Adds faults found apart, about the present document.
    pub fn absorb(&self, faults: DocumentFaults) {
        for fault in faults.into_vec() {
            self.add(&fault.path.clone(), fault);
        }
    }
}

/// A member, which may be absent, and what is asked of it.
pub struct Member<'r, D> {
    /// Who asks.
    pub reader: &'r Reader<D>,
    /// Where it is, or would be.
    pub at: Place<'r>,
    /// What is there.
    pub value: Option<&'r Value>,
    /// Whether its key is there.
    typed: bool,
    /// It must be there; what is said if it is not (empty: what the dialect says).
    needed: Option<Cow<'r, str>>,
    /// What it should be, where the dialect's help for its kind says too little.
    hint: Cow<'r, str>,
}

impl<'r, D: Dialect> Member<'r, D> {
    fn new(reader: &'r Reader<D>, at: Place<'r>, value: Option<&'r Value>) -> Self {
        Self { reader, at, value, typed: value.is_some(), needed: None, hint: "".into() }
    }

    /// Helps with these words where it is of another kind.
    pub fn hint(self, hint: impl Into<Cow<'r, str>>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    /// It must be there; helps with these words if it is not, with the dialect's if there are none.
    pub fn must(self, help: impl Into<Cow<'r, str>>) -> Self {
        let dialect = &self.reader.dialect;
        let value = self.value.filter(|value| !dialect.is_blank(value));
        let excused = value.is_none() && dialect.may_lack(self.at.name, self.value.is_some());
        Self { value, needed: (!excused).then(|| help.into()), ..self }
    }

    /// The same member under another name.
    pub fn named(self, name: &'r str) -> Self {
        Self { at: Place { name, ..self.at }, ..self }
    }

    /// The same where null says that there is none.
    pub fn unless_null(self) -> Self {
        Self { value: self.value.filter(|value| !value.is_null()), ..self }
    }

    /// Refuses it.
    pub fn refuse(&self, wrong: Wrong<'_>, help: &str) {
        self.say(self.reader.dialect.fault(&self.at, wrong, help));
    }

    fn say(&self, fault: DocumentFault) {
        self.reader.faults.borrow_mut().add(self.at.document, &self.at.path, fault);
    }

    /// Warns of something the platform lets pass.
    pub fn warn(&self, message: impl Into<String>, remedy: &str) {
        let field = self.reader.dialect.in_warnings(&self.at).to_owned();
        self.say(DocumentFault { field, ..DocumentFault::warning(message, remedy) });
    }

    /// Refuses what the platform would take and autosim does not, in our words.
    pub fn decline(&self, message: impl Into<String>, remedy: &str) {
        let field = self.reader.dialect.in_warnings(&self.at).to_owned();
        self.say(DocumentFault { field, ..DocumentFault::ours(message, remedy) });
    }

    /// Warns of something the platform lets pass by kindness; strictness refuses it.
    pub fn tolerate(&self, message: impl Into<String>, remedy: &str) {
        if !self.reader.strict {
            return self.warn(message, remedy);
        }
        let message = message.into();
        match self.reader.dialect.strictly(&self.at, &message, remedy) {
            Some(fault) => self.say(fault),
            None => self.decline(message, remedy),
        }
    }

    fn help(&self, kind: Kind) -> &str {
        if self.hint.is_empty() { self.reader.dialect.help(kind) } else { &self.hint }
    }

    /// Its value; refused if it must be there and is not.
    pub fn present(&self, kind: Kind) -> Option<&'r Value> {
        if let (None, Some(help)) = (self.value, &self.needed) {
            match help.is_empty() {
                true => {
                    let help = self.reader.dialect.lacking(self.at.name, self.help(kind));
                    self.refuse(Wrong::Missing, &help);
                }
                false => self.refuse(Wrong::Missing, help),
            }
        }
        self.value
    }

    /// What `read` makes of it; nothing of an absent one.
    pub fn read<T>(&self, kind: Kind, read: impl FnOnce(&'r Value) -> Option<T>) -> Option<T> {
        self.try_read(kind, |value| read(value).ok_or(Wrong::Not(kind)))
    }

    /// The same where the platform tells apart what is wrong.
    pub fn try_read<T>(
        &self,
        kind: Kind,
        read: impl FnOnce(&'r Value) -> Result<T, Wrong<'r>>,
    ) -> Option<T> {
        read(self.present(kind)?).map_err(|wrong| self.refuse(wrong, self.help(kind))).ok()
    }

    /// What `read` makes of it; `default` of one that is left out, which is noted.
    pub fn or<T: Clone + Into<Value>>(
        &self,
        default: T,
        read: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<T> {
        match self.value {
            Some(_) => read(self),
            None => {
                self.note(default.clone());
                Some(default)
            }
        }
    }

    /// Notes what stands in for it if it is left out; one that is null is not.
    pub fn note(&self, default: impl Into<Value>) {
        if !self.typed {
            let (document, path) = (self.at.document, self.at.path.clone());
            let left_out = Omitted { document, path, value: default.into() };
            self.reader.omitted.borrow_mut().push(left_out);
        }
    }

    /// The same, of something that may be left out: `Some(None)` if it is.
    pub fn optional<T>(&self, read: impl FnOnce(&Self) -> Option<T>) -> Option<Option<T>> {
        match self.value {
            None => Some(None),
            Some(_) => read(self).map(Some),
        }
    }

    /// A text.
    pub fn text(&self) -> Option<&'r str> {
        self.read(Kind::Text, Value::as_str)
    }

    /// True or false.
    pub fn flag(&self) -> Option<bool> {
        self.read(Kind::Flag, Value::as_bool)
    }

    /// A whole number, as the platform reads it.
    pub fn whole(&self) -> Option<i64> {
        self.read(Kind::Whole, |value| self.reader.dialect.whole(value))
    }

    /// A number.
    pub fn number(&self) -> Option<f64> {
        self.read(Kind::Number, Value::as_f64)
    }

    /// One of an enumeration's words.
    pub fn word<W: super::words::Words>(&self) -> Option<W> {
        self.read(Kind::Text, |value| W::named(value.as_str()?))
    }

    /// The items of a list.
    pub fn items(&self) -> Option<Vec<Self>> {
        let items = self.read(Kind::List, Value::as_array)?.iter().enumerate();
        let one = |(at, item)| {
            let path = below(&self.at.path, &usize::to_string(&at));
            let field = below(&self.at.field, &(at + D::FIRST).to_string());
            Self::new(self.reader, Place { path, field, ..self.at }, Some(item))
        };
        Some(items.map(one).collect())
    }

    /// The members of an object; those that are none of `known` (names joined by spaces) are reported.
    pub fn members(&self, known: &str) -> Option<Members<'r, D>> {
        let members = self.object()?;
        members.report_unknown(known);
        Some(members)
    }

    /// The members of an object that may be left out: it is then as good as an empty one.
    pub fn members_if_any(&self, known: &str) -> Option<Members<'r, D>> {
        static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));
        let value = self.value.or(Some(&EMPTY));
        Self::new(self.reader, self.at.clone(), value).members(known)
    }

    /// The members of an object, whatever their names.
    pub fn object(&self) -> Option<Members<'r, D>> {
        let map = self.read(Kind::Object, Value::as_object)?;
        let me = Self::new(self.reader, self.at.clone(), self.value);
        Some(Members { me, map })
    }
}

/// The members of an object.
pub struct Members<'r, D> {
    /// The object itself.
    pub me: Member<'r, D>,
    /// Its members as typed.
    pub map: &'r Map<String, Value>,
}

impl<'r, D: Dialect> Members<'r, D> {
    /// The member of that name; null is as good as absent where it is no value.
    pub fn get(&self, name: &'r str) -> Member<'r, D> {
        let typed = match D::ANY_CASE {
            true => find_key(self.map, name),
            false => self.map.get_key_value(name).map(|(key, value)| (key.as_str(), value)),
        };
        let (key, value) = typed.unzip();
        let member = self.member(name, key.unwrap_or(name), value);
        Member { value: value.filter(|value| D::NULL_IS_A_VALUE || !value.is_null()), ..member }
    }

    /// The same, which must be there.
    pub fn need(&self, name: &'r str) -> Member<'r, D> {
        self.get(name).must("")
    }

    /// Whether a member is there, and not null where that is no value.
    pub fn has(&self, name: &'r str) -> bool {
        self.get(name).value.is_some()
    }

    fn member(&self, name: &'r str, key: &str, value: Option<&'r Value>) -> Member<'r, D> {
        let at = &self.me.at;
        let (path, field) = (below(&at.path, key), below(&at.field, key));
        let at = Place { document: at.document, name, path, field };
        Member::new(self.me.reader, at, value)
    }

    /// Reports members that are none of `known`, names that are there in two cases, and names in another
    /// case.
    pub fn report_unknown(&self, known: &str) {
        let dialect = &self.me.reader.dialect;
        for (at, (key, value)) in self.map.iter().enumerate() {
            let member = self.member(key, key, Some(value));
            let same = |name: &str| same_name(name, key, D::ANY_CASE);
            if self.map.keys().take(at).any(|earlier| same(earlier)) {
                let help = "the same member is there twice: leave one of them out";
                member.refuse(Wrong::Twice, help);
                continue;
            }
            let remark = match known.split(' ').find(|name| same(name)) {
                Some(name) if name == key => None,
                Some(name) => dialect.respelt(key, name),
                None => {
                    let (message, remedy) = dialect.unknown(key, known);
                    Some((message, elsewhere::<D>(key).unwrap_or(remedy)))
                }
            };
            if let Some((message, remedy)) = remark {
                member.tolerate(message, &remedy);
            }
        }
    }
}

/// A member by its name whatever its case, with the key as typed; null is as good as absent.
pub(super) fn find<'v>(map: &'v Map<String, Value>, name: &str) -> Option<(&'v str, &'v Value)> {
    find_key(map, name).filter(|(_, value)| !value.is_null())
}

fn find_key<'v>(map: &'v Map<String, Value>, name: &str) -> Option<(&'v str, &'v Value)> {
    let (key, value) = map.iter().find(|(key, _)| same_name(name, key, true))?;
    Some((key.as_str(), value))
}

/// Whether a key is that name; `any_case`: whatever the case, with underscores between words or without.
pub(super) fn same_name(name: &str, key: &str, any_case: bool) -> bool {
    fn plain(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase())
    }
    name == key || any_case && plain(name).eq(plain(key))
}

/// The remedy for a member that belongs somewhere else.
fn elsewhere<D: Dialect>(key: &str) -> Option<String> {
    let holds =
        |names: &str| names.split_ascii_whitespace().any(|name| same_name(name, key, D::ANY_CASE));
    let places: Vec<&str> =
        D::PLACES.iter().filter(|(_, names)| holds(names)).map(|(place, _)| *place).collect();
    (!places.is_empty())
        .then(|| format!("`{key}` belongs in {}: move it there", places.join(" or ")))
}

/// The way to `key` below `path`.
pub(super) fn below(path: &str, key: &str) -> String {
    if path.is_empty() || key.is_empty() { format!("{path}{key}") } else { format!("{path}.{key}") }
}

/// The one of `known` (names joined by spaces) that `key` is most like, if at most `most` letters differ.
pub(super) fn nearest<'k>(key: &str, known: &'k str, most: usize) -> Option<&'k str> {
    let distance = |name: &&str| strsim::damerau_levenshtein(name, key);
    known.split(' ').min_by_key(distance).filter(|name| distance(name) <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Codes are the kinds of what is wrong, fields count from 1.
    struct Plain;

    impl Dialect for Plain {
        const FIRST: usize = 1;

        fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault {
            DocumentFault::error(format!("{wrong:?}"), None, &at.field, at.name, help)
        }

        fn unknown(&self, key: &str, known: &str) -> (String, String) {
            (format!("no {key}"), nearest(key, known, 2).unwrap_or("-").to_owned())
        }
    }

    /// The same whatever the case of keys, with null as a value, empty texts as none.
    struct Loose;

    impl Dialect for Loose {
        const ANY_CASE: bool = true;
        const NULL_IS_A_VALUE: bool = true;

        fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault {
            Plain.fault(at, wrong, help)
        }

        fn unknown(&self, key: &str, known: &str) -> (String, String) {
            Plain.unknown(key, known)
        }

        fn respelt(&self, key: &str, name: &str) -> Option<(String, String)> {
            Some((key.to_owned(), name.to_owned()))
        }

        fn is_blank(&self, value: &Value) -> bool {
            value.as_str() == Some("")
        }

        fn may_lack(&self, name: &str, _: bool) -> bool {
            name == "spare"
        }
    }

    /// `code path field: help` of everything found in the second of two documents.
    fn found<D: Dialect>(
        dialect: D,
        strict: bool,
        json: &Value,
        walk: impl Fn(&Member<'_, D>),
    ) -> Vec<String> {
        let reader = Reader::new(dialect, strict);
        walk(&reader.document(1, json));
        let line = |fault: DocumentFault| {
            assert_eq!(fault.document, 1);
            format!("{} {} {}: {}", fault.code, fault.path, fault.field, fault.remedy)
        };
        reader.into_faults().into_vec().into_iter().map(line).collect()
    }

    #[test]
    fn every_kind_of_member_is_read_or_refused_where_it_is() {
        let json = json!({"a": {"text": 1, "flag": "x", "whole": 2.5, "number": "1", "list": {},
            "object": [], "good": [{"whole": 3}, {"whole": "3"}]}});
        let lines = found(Plain, false, &json, |root| {
            let a = root.members("a").unwrap().need("a").object().unwrap();
            assert_eq!(a.get("text").text(), None);
            assert_eq!((a.get("flag").flag(), a.get("whole").whole()), (None, None));
            assert_eq!((a.get("number").number(), a.get("absent").text()), (None, None));
            assert!(a.get("list").items().is_none() && a.get("object").object().is_none());
            let items = a.get("good").items().unwrap();
            let whole = |item: &Member<'_, Plain>| item.object()?.get("whole").hint("3").whole();
            let read: Vec<Option<i64>> = items.iter().map(whole).collect();
            assert_eq!(read, [Some(3), None]);
        });
        assert_eq!(
            lines,
            [
                "Not(Text) a.text a.text: a text",
                "Not(Flag) a.flag a.flag: true or false",
                "Not(Whole) a.whole a.whole: a whole number",
                "Not(Number) a.number a.number: a number",
                "Not(List) a.list a.list: a list",
                "Not(Object) a.object a.object: an object",
                "Not(Whole) a.good.1.whole a.good.2.whole: 3",
            ]
        );
    }

    #[test]
    fn what_must_be_there_and_is_not_is_missing_at_its_own_place() {
        let lines = found(Plain, false, &json!({"null": null}), |root| {
            let root = root.object().unwrap();
            assert_eq!(root.need("gone").text(), None);
            assert_eq!(root.get("null").must("a number, say").number(), None);
            assert_eq!(root.get("gone").text(), None, "it may be left out");
        });
        assert_eq!(lines, ["Missing gone gone: a text", "Missing null null: a number, say"]);
        let lines = found(Loose, false, &json!({"NULL": null, "blank": "", "spare": ""}), |root| {
            let root = root.object().unwrap();
            root.need("null").text();
            root.get("null").unless_null().text();
            root.need("blank").text();
            root.need("spare").whole();
        });
        assert_eq!(lines, ["Not(Text) NULL NULL: a text", "Missing blank blank: a text"]);
    }

    #[test]
    fn names_that_are_none_are_warned_of_or_refused() {
        let json = json!({"mni": 1, "max": 2});
        let walk = |root: &Member<'_, Plain>| assert!(root.members("min max").is_some());
        assert_eq!(found(Plain, false, &json, walk), [" mni mni: min"]);
        assert_eq!(found(Plain, true, &json, walk), ["autosim mni mni: min"]);
        let lines = found(Loose, false, &json!({"Min": 1, "MIN": 2, "min": 3}), |root| {
            assert_eq!(root.members("min").unwrap().get("min").whole(), Some(1));
        });
        let twice = "the same member is there twice: leave one of them out";
        assert_eq!(
            lines,
            [
                " Min Min: min".to_owned(),
                format!("Twice MIN MIN: {twice}"),
                format!("Twice min min: {twice}")
            ]
        );
    }

    #[test]
    fn defaults_are_stated_where_members_are_read_and_noted_if_they_stand_in() {
        let json = json!({"typed": 1, "null": null});
        let reader = Reader::new(Plain, false);
        let root = reader.document(2, &json).object().unwrap();
        assert_eq!(root.get("typed").or(5, Member::whole), Some(1));
        assert_eq!(root.get("null").or(6, Member::whole), Some(6), "null is as good as absent");
        let inner = root.get("inner").members_if_any("count").unwrap();
        assert_eq!(inner.get("count").or(7, Member::whole), Some(7));
        assert_eq!(root.get("gone").optional(Member::whole), Some(None));
        assert_eq!(root.get("typed").optional(Member::text), None);
        let noted: Vec<(usize, String, Value)> = reader
            .take_omitted()
            .into_iter()
            .map(|one| (one.document, one.path, one.value))
            .collect();
        assert_eq!(noted, [(2, "inner.count".to_owned(), json!(7))], "null was typed");
        assert_eq!(reader.errors(), 1);
    }

    #[test]
    fn the_nearest_name_is_the_one_with_the_fewest_other_letters() {
        let known = "max_replicas min_replicas cooldown";
        assert_eq!(nearest("mn_replicas", known, 2), Some("min_replicas"));
        assert_eq!(nearest("colour", known, 2), None);
    }
}
