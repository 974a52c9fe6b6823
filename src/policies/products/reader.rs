//! Reads the members of documents, and says what is wrong with them in the platform's words.
//!
//! A product gives its words once, as a [`Dialect`]; then a member is one line,
//! `let max = capacity.need("max_replicas").whole()`. What is wrong goes to the reader's faults, with the
//! way to the member, and `None` comes back, so that all faults of a document are told together.

use super::{DocumentFault, DocumentFaults, Omitted};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;

/// What a member should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Kind {
    /// What would be right, in plain words.
    pub const fn plain(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// What is wrong with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong<'w> {
    /// It must be there and is not.
    Missing,
    /// It is of another kind, or a text that cannot be read as what it should be.
    Not(Kind),
    /// It is of the right kind and out of range, or contradicts another: why.
    Because(&'w str),
    /// Its name is there in another case too.
    Twice,
    /// The platform lets it pass and strictness does not: what, in our words.
    Kindness(&'w str),
    /// A refusal the platform has a code and a message of its own for.
    Own(&'w str, &'w str),
}

/// Where a member is.
#[derive(Debug, Clone)]
pub struct Place<'r> {
    /// Its name as the platform documents it; as typed where it is none of those; empty at the root.
    pub name: &'r str,
    /// Keys as typed and places in lists from 0, joined by dots.
    pub path: String,
    /// The same as the platform's answers count places.
    pub field: String,
}

/// How a platform reads documents, and its words for what is wrong with them.
pub trait Dialect {
    /// The number of the first item of a list in the platform's answers.
    const FIRST: usize = 0;
    /// Whether the case of keys does not matter.
    const ANY_CASE: bool = false;
    /// Whether null is a value, and not the same as absence.
    const NULL_IS_A_VALUE: bool = false;
    /// A refusal; `help` is what would be right, in our words.
    fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault;

    /// The member as warnings name it.
    fn named<'p>(&self, at: &'p Place<'_>) -> &'p str {
        &at.field
    }

    /// What is said of a member that is none of `known` (names joined by spaces), and what to do.
    fn unknown(&self, key: &str, known: &str) -> (String, String);

    /// The same of a member whose name is typed in another case, where that is worth a word.
    fn respelt(&self, _key: &str, _name: &str) -> Option<(String, String)> {
        None
    }

    /// Whether a value is as good as none where there must be one.
    fn is_blank(&self, _value: &Value) -> bool {
        false
    }

    /// Whether a member that must be there may be left out all the same; `typed` and blank.
    fn may_lack(&self, _name: &str, _typed: bool) -> bool {
        false
    }

    /// Help where a member is missing, given the help for its kind.
    fn lacking(&self, _name: &str, help: &str) -> String {
        help.to_owned()
    }

    /// Help where a member is of another kind.
    fn help(&self, kind: Kind) -> &'static str {
        kind.plain()
    }

    /// A whole number as the platform reads it.
    fn whole(&self, value: &Value) -> Option<i64> {
        value.as_i64()
    }
}

/// Walks documents that belong together, and collects what is wrong with them.
pub struct Reader<D> {
    /// How it reads.
    pub dialect: D,
    /// Whether it refuses what the platform lets pass by kindness.
    pub strict: bool,
    faults: RefCell<DocumentFaults>,
    omitted: RefCell<Vec<Omitted>>,
}

impl<D: Dialect> Reader<D> {
    /// Nothing read yet.
    pub fn new(dialect: D, strict: bool) -> Self {
        Self { dialect, strict, faults: RefCell::default(), omitted: RefCell::default() }
    }

    /// What was found.
    pub fn into_faults(self) -> DocumentFaults {
        self.faults.into_inner()
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
        self.faults.borrow_mut().document(number);
    }

    /// What is at `path` of the present document.
    pub fn part<'r>(
        &'r self,
        path: &str,
        name: &'r str,
        value: Option<&'r Value>,
    ) -> Member<'r, D> {
        Member::new(self, Place { name, path: path.into(), field: path.into() }, value)
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
        self.faults.borrow_mut().add(path, fault);
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
    /// It must be there; what is said if it is not (empty: what the dialect says).
    needed: Option<Cow<'r, str>>,
    /// What it should be, where the dialect's help for its kind says too little.
    hint: Cow<'r, str>,
}

impl<'r, D: Dialect> Member<'r, D> {
    fn new(reader: &'r Reader<D>, at: Place<'r>, value: Option<&'r Value>) -> Self {
        Self { reader, at, value, needed: None, hint: "".into() }
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
        self.reader.add(&self.at.path, self.reader.dialect.fault(&self.at, wrong, help));
    }

    /// Warns of something the platform lets pass.
    pub fn warn(&self, message: impl Into<String>, remedy: &str) {
        let field = self.reader.dialect.named(&self.at).to_owned();
        let fault = DocumentFault { field, ..DocumentFault::warning(message, remedy) };
        self.reader.add(&self.at.path, fault);
    }

    /// Warns of something the platform lets pass by kindness; strictness refuses it.
    pub fn tolerate(&self, message: impl Into<String>, remedy: &str) {
        match self.reader.strict {
            true => self.refuse(Wrong::Kindness(&message.into()), remedy),
            false => self.warn(message, remedy),
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

    /// Notes what stands in for it if it is left out.
    pub fn note(&self, default: impl Into<Value>) {
        if self.value.is_none() {
            let (path, value) = (self.at.path.clone(), default.into());
            let document = self.reader.faults.borrow().present();
            self.reader.omitted.borrow_mut().push(Omitted { document, path, value });
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
            Self::new(self.reader, Place { name: self.at.name, path, field }, Some(item))
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
            true => find(self.map, name),
            false => self.map.get_key_value(name).map(|(key, value)| (key.as_str(), value)),
        };
        let (key, value) = typed.unzip();
        let value = value.filter(|value| D::NULL_IS_A_VALUE || !value.is_null());
        self.member(name, key.unwrap_or(name), value)
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
        let at = Place { name, path: below(&at.path, key), field: below(&at.field, key) };
        Member::new(self.me.reader, at, value)
    }

    /// Reports members that are none of `known`, names that are there in two cases, and names in another
    /// case.
    pub fn report_unknown(&self, known: &str) {
        let dialect = &self.me.reader.dialect;
        for (at, (key, value)) in self.map.iter().enumerate() {
            let member = self.member(key, key, Some(value));
            let same = |name: &str| match D::ANY_CASE {
                true => name.eq_ignore_ascii_case(key),
                false => name == key,
            };
            if self.map.keys().take(at).any(|earlier| same(earlier)) {
                let help = "the same member is there twice: leave one of them out";
                member.refuse(Wrong::Twice, help);
                continue;
            }
            let remark = match known.split(' ').find(|name| same(name)) {
                Some(name) if name == key => None,
                Some(name) => dialect.respelt(key, name),
                None => Some(dialect.unknown(key, known)),
            };
            if let Some((message, remedy)) = remark {
                member.tolerate(message, &remedy);
            }
        }
    }
}

/// A member by its name whatever its case, with the key as typed; null is as good as absent.
pub(super) fn find<'v>(map: &'v Map<String, Value>, name: &str) -> Option<(&'v str, &'v Value)> {
    let (key, value) = map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    (!value.is_null()).then_some((key.as_str(), value))
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
