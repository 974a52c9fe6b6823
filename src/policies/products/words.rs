//! Enumerations of a platform: a word per value.

/// An enumeration with its words, all of them, in the order of the platform's documentation.
pub trait Words: Copy + PartialEq + 'static {
    /// Every value with its word.
    const ALL: &'static [(Self, &'static str)];

    /// By its word.
    fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|&(value, _)| value)
    }

    /// Its word.
    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(value, _)| *value == self).map_or("", |&(_, word)| word)
    }

    /// All words, joined by commas.
    fn list() -> String {
        let words: Vec<&str> = Self::ALL.iter().map(|&(_, word)| word).collect();
        words.join(", ")
    }
}

/// Declares an enumeration with the word of each value.
macro_rules! words {
    ($(#[$doc:meta])* $vis:vis enum $name:ident {
        $($(#[$of:meta])* $variant:ident = $word:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $name { $($(#[$of])* $variant,)* }

        impl $crate::products::words::Words for $name {
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $word),)*];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::products::words::Words::name(*self))
            }
        }
    };
}
pub(super) use words;
