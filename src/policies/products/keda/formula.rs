//! `scalingModifiers.formula`: a part of the language `expr` (expr-lang/expr), in which KEDA has it written.
//!
//! Numbers, names of triggers, `nil`, `true` and `false`; `+ - * / ** ^`, comparisons, `and or not`, `?:`, `??`, lists in
//! brackets; `abs ceil floor round int float` of one number, `max min sum mean median` of numbers or lists, and
//! `count any all none` of a list with a predicate, `{# > 1}` or without braces, that has no other inside. The rest of the
//! language is refused by name.

use crate::products::Words;
use crate::products::words::words;

words! {
    /// Functions, by name.
    enum Function {
        Abs = "abs",
        Ceil = "ceil",
        Floor = "floor",
        Round = "round",
        Int = "int",
        Float = "float",
        Max = "max",
        Min = "min",
        Sum = "sum",
        Mean = "mean",
        Median = "median",
        Count = "count",
        Any = "any",
        All = "all",
        None = "none",
    }
}

words! {
    /// Operators between two operands.
    enum Operator {
        Or = "||",
        And = "&&",
        Equal = "==",
        Unequal = "!=",
        AtMost = "<=",
        AtLeast = ">=",
        Below = "<",
        Above = ">",
        Plus = "+",
        Minus = "-",
        Times = "*",
        Over = "/",
        Power = "**",
        OrElse = "??",
    }
}

impl Function {
    /// Whether its second operand is a predicate, asked of each item of the first.
    const fn asks(self) -> bool {
        match self {
            Self::Count | Self::Any | Self::All | Self::None => true,
            Self::Abs
            | Self::Ceil
            | Self::Floor
            | Self::Round
            | Self::Int
            | Self::Float
            | Self::Max
            | Self::Min
            | Self::Sum
            | Self::Mean
            | Self::Median => false,
        }
    }
}

impl Operator {
    /// How tightly it binds, as `expr` has it.
    const fn tightness(self) -> u32 {
        match self {
            Self::Or => 10,
            Self::And => 15,
            Self::Equal
            | Self::Unequal
            | Self::AtMost
            | Self::AtLeast
            | Self::Below
            | Self::Above => 20,
            Self::Plus | Self::Minus => 30,
            Self::Times | Self::Over => 60,
            Self::Power => 100,
            Self::OrElse => 500,
        }
    }
}

/// How tightly `not` and a sign bind.
const NOT: u32 = 50;
const SIGN: u32 = 90;
/// Operands inside each other; more are a slip.
const DEPTH: u32 = 64;
/// Numbers, words and signs; more are a slip too, and operands side by side stand as deep as there are operators.
const LONGEST: usize = 1000;

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Constant(Value),
    /// A trigger, by its place among the names.
    Name(usize),
    /// `#`, the item a predicate is asked about.
    Item,
    List(Vec<Self>),
    Not(Box<Self>),
    Negative(Box<Self>),
    Binary(Operator, Box<[Self; 2]>),
    Choice(Box<[Self; 3]>),
    Call(Function, Vec<Self>),
}

/// What a formula comes to, or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// Nothing: of a trigger that fails.
    Nil,
    /// Several.
    List(Vec<Self>),
}

/// Why a formula is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// `expr` cannot compile it.
    Compile(String),
    /// It is more of the language than is emulated.
    Beyond(String),
}

/// A formula over triggers.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula(Node);

impl Formula {
    /// Reads a formula over these names.
    ///
    /// # Errors
    /// It cannot be compiled, or not by this part of the language.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, Refused> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, names, in_predicate: false, depth: 0 };
        let node = parser.choice()?;
        match parser.tokens.first() {
            None => Ok(Self(node)),
            Some(token) => Err(unexpected(Some(token))),
        }
    }

    /// What it comes to, given the value of each name; `Err` where a part of it has no meaning.
    ///
    /// # Errors
    /// It adds what is no number, or asks what is neither true nor false.
    pub fn value(&self, of: &[Option<f64>]) -> Result<Value, NoMeaning> {
        self.0.value(&Scope { of, item: &Value::Nil })
    }
}

/// A part of a formula has no meaning with these values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMeaning;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Word(String),
    Sign(&'static str),
}

/// Signs, longer ones first.
const SIGNS: [&str; 29] = [
    "||", "&&", "==", "!=", "<=", ">=", "**", "??", "?.", "..", "<", ">", "+", "-", "*", "/", "^",
    "!", "?", ":", "(", ")", "[", "]", "{", "}", ",", "#", "%",
];

fn tokens(text: &str) -> Result<Vec<Token>, Refused> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if tokens.len() == LONGEST {
            let so_long = format!("more than {LONGEST} numbers, words and signs");
            return Err(Refused::Beyond(so_long));
        }
        let of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let token = if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_');
            let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            let read = number.replace('_', "").parse();
            let wrong = |_| Refused::Compile(format!("bad number syntax: {number:?}"));
            Token::Number(read.map_err(wrong)?)
        } else if of_word(first) {
            let end = rest.find(|c| !of_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            Token::Word(word.to_owned())
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            rest = &rest[sign.len()..];
            Token::Sign(sign)
        } else {
            return Err(match first {
                '"' | '\'' | '`' | '.' | ';' | '|' | '=' => Refused::Beyond(format!("`{first}`")),
                _ => Refused::Compile(format!("unrecognized character: {first:?}")),
            });
        };
        tokens.push(token);
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn unexpected(token: Option<&Token>) -> Refused {
    match token {
        None => Refused::Compile("unexpected end of the formula".to_owned()),
        Some(Token::Sign(sign @ ("%" | "?." | ".." | "{"))) => Refused::Beyond(format!("`{sign}`")),
        Some(Token::Sign(sign)) => Refused::Compile(format!("unexpected token {sign:?}")),
        Some(Token::Word(word))
            if ["let", "if", "in", "matches", "contains"].contains(&word.as_str()) =>
        {
            Refused::Beyond(format!("`{word}`"))
        }
        Some(Token::Word(word)) => Refused::Compile(format!("unexpected token {word:?}")),
        Some(Token::Number(number)) => Refused::Compile(format!("unexpected token {number}")),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    names: &'t [&'t str],
    in_predicate: bool,
    depth: u32,
}

impl Parser<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Sign(found)) if *found == sign);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn needs(&mut self, sign: &str) -> Result<(), Refused> {
        if self.takes(sign) { Ok(()) } else { Err(unexpected(self.tokens.first())) }
    }

    fn choice(&mut self) -> Result<Node, Refused> {
        self.deeper()?;
        let mut node = self.binary(0)?;
        if self.takes("?") {
            let then = self.choice()?;
            self.needs(":")?;
            node = Node::Choice(Box::new([node, then, self.choice()?]));
        }
        self.depth -= 1;
        Ok(node)
    }

    fn deeper(&mut self) -> Result<(), Refused> {
        self.depth += 1;
        if self.depth > DEPTH { Err(Refused::Beyond("so much nesting".to_owned())) } else { Ok(()) }
    }

    fn operator(&self) -> Option<Operator> {
        match self.tokens.first()? {
            Token::Sign("^") => Some(Operator::Power),
            Token::Sign(sign) => Operator::named(sign),
            Token::Word(word) if word == "or" => Some(Operator::Or),
            Token::Word(word) if word == "and" => Some(Operator::And),
            Token::Word(_) | Token::Number(_) => None,
        }
    }

    /// Operands joined by what binds at least so tightly.
    fn binary(&mut self, least: u32) -> Result<Node, Refused> {
        self.deeper()?;
        let mut left = self.unary()?;
        while let Some(operator) = self.operator().filter(|one| one.tightness() >= least) {
            self.tokens = &self.tokens[1..];
            let tighter = if operator == Operator::Power { 0 } else { 1 };
            let right = self.binary(operator.tightness() + tighter)?;
            left = Node::Binary(operator, Box::new([left, right]));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, Refused> {
        let word_not = self.tokens.first() == Some(&Token::Word("not".to_owned()));
        if word_not || self.takes("!") {
            if word_not {
                self.tokens = &self.tokens[1..];
            }
            return Ok(Node::Not(Box::new(self.binary(NOT)?)));
        }
        if self.takes("-") {
            return Ok(Node::Negative(Box::new(self.binary(SIGN)?)));
        }
        if self.takes("+") {
            return self.binary(SIGN);
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Node, Refused> {
        if self.takes("(") {
            let inner = self.choice()?;
            return self.needs(")").map(|()| inner);
        }
        if self.takes("[") {
            return self.several("]", false).map(Node::List);
        }
        if self.in_predicate && self.takes("#") {
            return Ok(Node::Item);
        }
        let (token, rest) = self.tokens.split_first().ok_or_else(|| unexpected(None))?;
        let node = match token {
            Token::Number(number) => Node::Constant(Value::Number(*number)),
            Token::Word(word) => {
                self.tokens = rest;
                return self.word(word);
            }
            Token::Sign(_) => return Err(unexpected(Some(token))),
        };
        self.tokens = rest;
        Ok(node)
    }

    fn word(&mut self, word: &str) -> Result<Node, Refused> {
        if self.takes("(") {
            let Some(function) = Function::named(word) else {
                let known = Function::list();
                return Err(Refused::Beyond(format!("the function `{word}`: known are {known}")));
            };
            return self.several(")", function.asks()).map(|of| Node::Call(function, of));
        }
        if let Some(at) = self.names.iter().position(|name| *name == word) {
            return Ok(Node::Name(at));
        }
        Ok(Node::Constant(match word {
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            "nil" => Value::Nil,
            "let" | "if" => return Err(unexpected(Some(&Token::Word(word.to_owned())))),
            _ => return Err(Refused::Compile(format!("unknown name {word}"))),
        }))
    }

    /// Operands joined by commas up to a bracket; the second is a predicate where the function `asks`.
    fn several(&mut self, end: &str, asks: bool) -> Result<Vec<Node>, Refused> {
        let mut all = Vec::new();
        while !self.takes(end) {
            if !all.is_empty() {
                self.needs(",")?;
            }
            all.push(if asks && all.len() == 1 { self.predicate()? } else { self.choice()? });
        }
        Ok(all)
    }

    /// One within another would be asked of each item of each item: the work would grow with every level.
    fn predicate(&mut self) -> Result<Node, Refused> {
        if self.in_predicate {
            return Err(Refused::Beyond("a predicate within a predicate".to_owned()));
        }
        self.in_predicate = true;
        let braced = self.takes("{");
        let predicate = self.choice()?;
        if braced {
            self.needs("}")?;
        }
        self.in_predicate = false;
        Ok(predicate)
    }
}

struct Scope<'s> {
    of: &'s [Option<f64>],
    item: &'s Value,
}

impl Node {
    fn value(&self, scope: &Scope<'_>) -> Result<Value, NoMeaning> {
        Ok(match self {
            Self::Constant(value) => value.clone(),
            Self::Name(at) => {
                scope.of.get(*at).copied().flatten().map_or(Value::Nil, Value::Number)
            }
            Self::Item => scope.item.clone(),
            Self::List(all) => Value::List(values(all, scope)?),
            Self::Not(inner) => Value::Flag(!inner.value(scope)?.flag()?),
            Self::Negative(inner) => Value::Number(-inner.value(scope)?.number()?),
            Self::Binary(operator, of) => binary(*operator, of, scope)?,
            Self::Choice(of) => {
                let [asked, then, otherwise] = &**of;
                let chosen = if asked.value(scope)?.flag()? { then } else { otherwise };
                chosen.value(scope)?
            }
            Self::Call(function, of) => call(*function, of, scope)?,
        })
    }
}

fn values(all: &[Node], scope: &Scope<'_>) -> Result<Vec<Value>, NoMeaning> {
    all.iter().map(|one| one.value(scope)).collect()
}

fn binary(operator: Operator, of: &[Node; 2], scope: &Scope<'_>) -> Result<Value, NoMeaning> {
    let [left, right] = of;
    let left = left.value(scope)?;
    let numbers =
        |made: fn(f64, f64) -> Value| Ok(made(left.number()?, right.value(scope)?.number()?));
    match operator {
        Operator::Or => Ok(Value::Flag(left.flag()? || right.value(scope)?.flag()?)),
        Operator::And => Ok(Value::Flag(left.flag()? && right.value(scope)?.flag()?)),
        Operator::OrElse if left == Value::Nil => right.value(scope),
        Operator::OrElse => Ok(left),
        Operator::Equal => Ok(Value::Flag(left == right.value(scope)?)),
        Operator::Unequal => Ok(Value::Flag(left != right.value(scope)?)),
        Operator::AtMost => numbers(|left, right| Value::Flag(left <= right)),
        Operator::AtLeast => numbers(|left, right| Value::Flag(left >= right)),
        Operator::Below => numbers(|left, right| Value::Flag(left < right)),
        Operator::Above => numbers(|left, right| Value::Flag(left > right)),
        Operator::Plus => numbers(|left, right| Value::Number(left + right)),
        Operator::Minus => numbers(|left, right| Value::Number(left - right)),
        Operator::Times => numbers(|left, right| Value::Number(left * right)),
        Operator::Over => numbers(|left, right| Value::Number(left / right)),
        Operator::Power => numbers(|left, right| Value::Number(left.powf(right))),
    }
}

fn call(function: Function, of: &[Node], scope: &Scope<'_>) -> Result<Value, NoMeaning> {
    let one = || match of {
        [one] => one.value(scope)?.number(),
        _ => Err(NoMeaning),
    };
    let all = || numbers(&values(of, scope)?);
    // What a predicate says of each item of a list.
    let asked = || {
        let [list, predicate] = of else { return Err(NoMeaning) };
        let Value::List(items) = list.value(scope)? else { return Err(NoMeaning) };
        let ask = |item| predicate.value(&Scope { item, ..*scope })?.flag();
        items.iter().map(ask).collect::<Result<Vec<bool>, NoMeaning>>()
    };
    Ok(match function {
        Function::Abs => Value::Number(one()?.abs()),
        Function::Ceil => Value::Number(one()?.ceil()),
        Function::Floor => Value::Number(one()?.floor()),
        Function::Round => Value::Number(one()?.round()),
        Function::Int => Value::Number(one()?.trunc()),
        Function::Float => match of {
            [of] if of.value(scope)? == Value::Nil => Value::Nil,
            _ => Value::Number(one()?),
        },
        Function::Count => Value::Number(asked()?.into_iter().filter(|yes| *yes).count() as f64),
        Function::Any => Value::Flag(asked()?.contains(&true)),
        Function::All => Value::Flag(!asked()?.contains(&false)),
        Function::None => Value::Flag(!asked()?.contains(&true)),
        Function::Max => of_some(all()?.into_iter().reduce(f64::max))?,
        Function::Min => of_some(all()?.into_iter().reduce(f64::min))?,
        Function::Sum => Value::Number(all()?.iter().sum()),
        Function::Mean => {
            let all = all()?;
            of_some((!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64))?
        }
        Function::Median => {
            let mut all = all()?;
            all.sort_by(f64::total_cmp);
            let middle = |at: usize| all.get(at).copied();
            let lower = all.len().checked_sub(1).and_then(|last| middle(last / 2));
            of_some(lower.zip(middle(all.len() / 2)).map(|(one, other)| (one + other) / 2.0))?
        }
    })
}

fn of_some(number: Option<f64>) -> Result<Value, NoMeaning> {
    number.map(Value::Number).ok_or(NoMeaning)
}

/// The numbers among values, those in lists one by one.
fn numbers(values: &[Value]) -> Result<Vec<f64>, NoMeaning> {
    let mut all = Vec::new();
    for value in values {
        match value {
            Value::Number(number) => all.push(*number),
            Value::List(inner) => all.extend(numbers(inner)?),
            Value::Flag(_) | Value::Nil => return Err(NoMeaning),
        }
    }
    Ok(all)
}

impl Value {
    fn number(&self) -> Result<f64, NoMeaning> {
        if let Self::Number(number) = self { Ok(*number) } else { Err(NoMeaning) }
    }

    fn flag(&self) -> Result<bool, NoMeaning> {
        if let Self::Flag(flag) = self { Ok(*flag) } else { Err(NoMeaning) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["jobs", "load"];

    fn value(text: &str, of: [Option<f64>; 2]) -> Result<Value, NoMeaning> {
        Formula::parse(text, &NAMES).unwrap_or_else(|why| panic!("{text}: {why:?}")).value(&of)
    }

    /// | formula | with jobs 6 and load 2 |
    #[test]
    fn formulas_come_to_what_expr_makes_of_them() {
        for (text, expected) in [
            ("jobs + load * 2", 10.0),
            ("(jobs + load) / 2", 4.0),
            ("jobs - load - 1", 3.0),
            ("2 ** 3 ** 2", 512.0),
            ("-load ^ 2", -4.0),
            ("+1_000 / 4", 250.0),
            ("max(jobs, load * 4)", 8.0),
            ("min([jobs, load], 3)", 2.0),
            ("sum([jobs, load, 1])", 9.0),
            ("mean(jobs, load)", 4.0),
            ("median([1, jobs, load, 9])", 4.0),
            ("ceil(jobs / 4) + floor(jobs / 4)", 3.0),
            ("round(2.5) + abs(-1) + int(1.9) + float(1)", 6.0),
            ("jobs > 5 ? jobs : 0", 6.0),
            ("jobs > 9 ? 1 : load >= 2 and not (load == 3) ? 2 : 3", 2.0),
            ("jobs != 6 || load <= 1 ? 1 : 2", 2.0),
            ("nil ?? load", 2.0),
            ("jobs ?? 1", 6.0),
            ("count([jobs, load, 1], {# > 1}) > 1 ? 5 : 0", 5.0),
            ("any([jobs, load], {# > 5}) && !all([jobs, load], {# > 5}) ? 1 : 0", 1.0),
            ("none([jobs], {# < load}) ? 1 : 0", 1.0),
            ("count([jobs, load], # > 3)", 1.0),
            ("count([count([jobs], {# > 1}), load], {max(#, 1) > 1})", 1.0),
            (&format!("jobs{}", "+ 1".repeat(499)), 505.0),
        ] {
            assert_eq!(value(text, [Some(6.0), Some(2.0)]), Ok(Value::Number(expected)), "{text}");
        }
    }

    #[test]
    fn a_trigger_that_fails_is_nil_and_nil_has_no_sum() {
        let failing = |text| value(text, [None, Some(2.0)]);
        assert_eq!(failing("jobs ?? load * 2"), Ok(Value::Number(4.0)));
        assert_eq!(failing("jobs"), Ok(Value::Nil));
        assert_eq!(failing("float(jobs)"), Ok(Value::Nil));
        assert_eq!(failing("jobs == nil ? 7 : 0"), Ok(Value::Number(7.0)));
        for text in ["jobs + 1", "max(jobs, 1)", "jobs ? 1 : 2", "max()", "count(1, {#})"] {
            assert_eq!(failing(text), Err(NoMeaning), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_compiled_is_told_from_what_is_not_emulated() {
        let compile = |text: &str| Refused::Compile(text.to_owned());
        let beyond = |text: &str| Refused::Beyond(text.to_owned());
        let deep = format!("{}1{}", "(".repeat(65), ")".repeat(65));
        let long = format!("jobs{}", "+jobs".repeat(100_000));
        for (text, expected) in [
            ("", compile("unexpected end of the formula")),
            ("jobs +", compile("unexpected end of the formula")),
            ("jobs load", compile("unexpected token \"load\"")),
            ("other * 2", compile("unknown name other")),
            ("(jobs", compile("unexpected end of the formula")),
            ("max(jobs load)", compile("unexpected token \"load\"")),
            ("# > 1", compile("unexpected token \"#\"")),
            ("1.2.3", compile("bad number syntax: \"1.2.3\"")),
            ("jobs @ 2", compile("unrecognized character: '@'")),
            ("jobs % 2", beyond("`%`")),
            ("'text'", beyond("`'`")),
            ("let x", beyond("`let`")),
            ("jobs = 2", beyond("`=`")),
            ("jobs in [1]", beyond("`in`")),
            ("1..2", compile("bad number syntax: \"1..2\"")),
            ("jobs | load", beyond("`|`")),
            (&deep, beyond("so much nesting")),
            ("count([1], {count([1], {# > 0}) > 0})", beyond("a predicate within a predicate")),
            ("any([1], all([1], true))", beyond("a predicate within a predicate")),
            ("max({1})", beyond("`{`")),
            (&long, beyond("more than 1000 numbers, words and signs")),
        ] {
            let shown = text.get(..80).unwrap_or(text);
            assert_eq!(Formula::parse(text, &NAMES), Err(expected), "{shown}");
        }
        let Err(Refused::Beyond(why)) = Formula::parse("log(jobs)", &NAMES) else { panic!() };
        assert!(why.starts_with("the function `log`: known are abs, ceil, "), "{why}");
    }
}
