//! The files of the project, and how the rules of the house read them.

use std::fs;
use std::path::{Path, PathBuf};

/// The members of the workspace below `src` that are divided into rooms.
const CRATES: [&str; 3] = ["engine", "policies", "study"];

/// A file: its path from the root of the project, and its text.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The room it belongs to, if it is in one.
    pub(crate) fn room(&self) -> Option<&str> {
        let mut parts = self.path.strip_prefix("src/")?.split('/');
        let first = parts.next()?;
        let room = if CRATES.contains(&first) { parts.next()? } else { first };
        (!room.ends_with(".rs") && !room.ends_with(".toml")).then_some(room)
    }

    /// Whether it is where its room describes itself.
    pub(crate) fn is_front(&self) -> bool {
        let Some(room) = self.room() else { return false };
        [format!("/{room}/mod.rs"), format!("/{room}/lib.rs")]
            .iter()
            .any(|front| self.path.ends_with(front))
    }

    /// Lines of code with their numbers: no comments, and nothing of an inline module of tests.
    pub(crate) fn code(&self) -> Vec<(usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = (0..lines.len()).find(|&at| {
            lines[at].starts_with("#[cfg(test)]")
                && lines
                    .get(at + 1)
                    .is_some_and(|next| next.contains("mod ") && next.ends_with('{'))
        });
        let end = tests.unwrap_or(lines.len());
        let numbered = lines[..end].iter().enumerate().map(|(at, line)| (at + 1, *line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
    }
}

/// All files the rules speak of.
pub(crate) struct Tree(pub(crate) Vec<File>);

impl Tree {
    pub(crate) fn of_the_project() -> Self {
        let endings =
            [".rs", ".md", ".toml", ".json", ".yml", ".yaml", ".csv", ".svg", ".sh", "run"];
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        let mut folders: Vec<PathBuf> = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() {
                    if !["target", ".git", "output"].contains(&name.as_str()) {
                        folders.push(path);
                    }
                } else if endings.iter().any(|ending| name.ends_with(ending)) {
                    let text = fs::read_to_string(&path).unwrap();
                    let path = path.strip_prefix(root).unwrap().display().to_string();
                    found.push(File { path, text });
                }
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Self(found)
    }

    /// Rust files below a folder.
    pub(crate) fn rust<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.0.iter().filter(move |file| file.is_rust() && file.path.starts_with(folder))
    }

    /// Source files of the program, without those that are compiled for tests only.
    pub(crate) fn program(&self) -> impl Iterator<Item = &File> {
        self.rust("src/").filter(|file| !self.is_for_tests(&file.path))
    }

    /// Whether a file, or the folder it is in, is compiled for tests only.
    pub(crate) fn is_for_tests(&self, path: &str) -> bool {
        let path = Path::new(path);
        let (Some(folder), Some(stem)) = (path.parent(), path.file_stem()) else { return false };
        let above = folder.parent().unwrap_or(folder);
        self.declares_for_tests(folder, &stem.to_string_lossy())
            || folder
                .file_name()
                .is_some_and(|name| self.declares_for_tests(above, &name.to_string_lossy()))
    }

    fn declares_for_tests(&self, folder: &Path, module: &str) -> bool {
        let fronts = [folder.join("mod.rs"), folder.join("lib.rs"), folder.with_extension("rs")]
            .map(|front| front.display().to_string());
        let forms = ["", "pub(crate) "].map(|of| format!("#[cfg(test)]\n{of}mod {module};"));
        self.0.iter().any(|file| {
            fronts.contains(&file.path) && forms.iter().any(|form| file.text.contains(form))
        })
    }
}
