//! Folders as they are met: where a command runs, behind links, shared, left by killed runs.

use super::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::thread;

type Texts = BTreeMap<String, String>;

/// Files with these texts, and the manifest that lists them.
fn files(texts: &[(&str, &str)]) -> Vec<OutputFile<'static>> {
    let mut names: Vec<&str> = texts.iter().map(|(name, _)| *name).collect();
    names.push(manifest::NAME);
    let listed = json!({ "autosim": "0.1.0", "files": names }).to_string();
    let file = |name: &str, text: String| {
        OutputFile::new(name, move |out| out.write_all(text.as_bytes())) //
    };
    let mut files: Vec<_> = texts.iter().map(|(name, text)| file(name, (*text).into())).collect();
    files.push(file(manifest::NAME, listed));
    files
}

/// A folder with these files, written as they are.
fn folder_of(texts: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in texts {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Every file of a folder but the manifest; folders in it end with a slash.
fn texts(folder: &Path) -> Texts {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let text = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => (name + "/", String::new()),
            false => (name, fs::read_to_string(entry.path()).unwrap()),
        }
    };
    entries.map(text).filter(|(name, _)| name != manifest::NAME).collect()
}

fn expected(of: &[(&str, &str)]) -> Texts {
    of.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn files_of_the_run_before_go_and_what_is_not_ours_stays() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("output").join("launch");
    replace(&folder, &files(&[("a.csv", "1"), ("b.csv", "1")])).unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    fs::create_dir(folder.join("pictures")).unwrap();
    let written = replace(&folder, &files(&[("b.csv", "2"), ("c.csv", "2")])).unwrap();
    assert_eq!(written, ["b.csv", "c.csv", manifest::NAME].map(|name| folder.join(name)));
    let there = [("b.csv", "2"), ("c.csv", "2"), ("notes.txt", "mine"), ("pictures/", "")];
    assert_eq!(texts(&folder), expected(&there));
    assert_eq!(texts(folder.parent().unwrap()).len(), 1, "nothing is left beside it");
}

#[test]
fn a_manifest_names_no_file_outside_its_folder() {
    let home = folder_of(&[("precious", "years of work")]);
    let run = home.path().join("run");
    fs::create_dir(&run).unwrap();
    let absolute = home.path().join("precious");
    let listed = json!(["../precious", absolute.to_str(), ".", "", "gone", 7, "old.csv"]);
    let text = json!({ "autosim": "0.1.0", "files": listed }).to_string();
    fs::write(run.join(manifest::NAME), text).unwrap();
    fs::write(run.join("old.csv"), "0").unwrap();
    replace(&run, &files(&[("a.csv", "1")])).unwrap();
    assert_eq!(texts(home.path())["precious"], "years of work");
    assert_eq!(texts(&run), expected(&[("a.csv", "1")]));
}

#[test]
fn what_can_be_no_output_folder_is_told_with_a_remedy_and_left_as_it_is() {
    let home = folder_of(&[("file", "")]);
    for (name, inside) in [("foreign", "thesis.txt"), ("hidden", ".git"), ("stray", "a.csv")] {
        fs::create_dir(home.path().join(name)).unwrap();
        fs::write(home.path().join(name).join(inside), "").unwrap();
    }
    let taken = home.path().join("taken");
    replace(&taken, &files(&[("a.csv", "1")])).unwrap();
    fs::remove_file(taken.join(manifest::NAME)).unwrap();
    fs::write(taken.join(manifest::NAME), r#"{ "name": "an app of mine" }"#).unwrap();
    let before = texts(home.path());
    for (name, says) in [
        ("foreign", "foreign holds files that autosim did not write"),
        ("hidden", "hidden holds files that autosim did not write"),
        ("stray", "a new or an empty folder with --out"),
        ("taken", "taken holds files that autosim did not write"),
        ("file", "file is not a folder"),
        ("file/below/it", "file is not a folder"),
    ] {
        let folder = home.path().join(name);
        let error = check_folder(&folder).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("--out"), "{name}: {error}");
        let later = replace(&folder, &files(&[("a.csv", "2")])).unwrap_err().to_string();
        assert_eq!(error, later);
    }
    assert_eq!(texts(home.path()), before);
    assert_eq!(texts(&home.path().join("foreign")), expected(&[("thesis.txt", "")]));
}

#[test]
fn empty_folders_are_taken_and_a_look_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    for name in ["empty", "disk", "new/and/deep"] {
        let folder = home.path().join(name);
        if !name.contains("new") {
            fs::create_dir(&folder).unwrap();
        }
        if name == "disk" {
            // What a freshly mounted file system holds.
            fs::create_dir(folder.join("lost+found")).unwrap();
        }
        let before = folder.exists().then(|| texts(&folder));
        check_folder(&folder).unwrap();
        assert_eq!(folder.exists().then(|| texts(&folder)), before, "{name}");
        replace(&folder, &files(&[("a.csv", "1")])).unwrap();
        assert_eq!(texts(&folder)["a.csv"], "1");
    }
    assert!(home.path().join("disk/lost+found").exists());
    check_folder(&home.path().join("other/deep")).unwrap();
    assert!(!home.path().join("other").exists(), "what was made to look is gone again");
}

#[test]
fn a_failure_while_writing_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("run");
    replace(&folder, &files(&[("a.csv", "1")])).unwrap();
    let full = || OutputFile::new("b.csv", |_| Err(io::Error::other("no space left on device")));
    let mut wanted = files(&[("a.csv", "2")]);
    wanted.push(full());
    let error = replace(&folder, &wanted).unwrap_err().to_string();
    assert!(error.contains("no space left") && error.contains("nothing was changed"), "{error}");
    assert_eq!(texts(&folder), expected(&[("a.csv", "1")]));
    fs::create_dir(folder.join("c.csv")).unwrap();
    let error = replace(&folder, &files(&[("c.csv", "2")])).unwrap_err().to_string();
    assert!(error.contains("c.csv is a folder"), "{error}");
    assert_eq!(texts(&folder), expected(&[("a.csv", "1"), ("c.csv/", "")]));
    let nowhere = home.path().join("nowhere");
    replace(&nowhere, &[full()]).unwrap_err();
    assert!(!nowhere.exists());
}

/// The folder of a run that was killed after some steps of moving its files up.
fn killed_after(moved: &[&str]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    replace(folder, &files(&[("a.csv", "1"), ("b.csv", "1"), ("old.csv", "1")])).unwrap();
    stage(&folder.join(MOVING), folder, &files(&[("a.csv", "2"), ("b.csv", "2")])).unwrap();
    for name in moved {
        match *name {
            "old.csv" => fs::remove_file(folder.join(name)).unwrap(),
            name => fs::rename(folder.join(MOVING).join(name), folder.join(name)).unwrap(),
        }
    }
    home
}

#[test]
fn a_run_killed_while_it_moves_files_is_seen_by_readers_and_finished_by_the_next() {
    for moved in [
        &[][..],
        &["old.csv"],
        &["old.csv", "a.csv"],
        &["old.csv", "a.csv", "b.csv"],
        &["old.csv", "a.csv", "b.csv", manifest::NAME],
    ] {
        let killed = killed_after(moved);
        let folder = killed.path();
        let error = check_whole(folder).unwrap_err().to_string();
        assert!(error.contains("of two runs") && error.contains("next run"), "{moved:?}: {error}");
        check_folder(folder).unwrap();
        assert_eq!(texts(folder), expected(&[("a.csv", "2"), ("b.csv", "2")]), "{moved:?}");
        check_whole(folder).unwrap();
        let killed = killed_after(moved);
        replace(killed.path(), &files(&[("d.csv", "3")])).unwrap();
        assert_eq!(texts(killed.path()), expected(&[("d.csv", "3")]), "{moved:?}");
    }
}

#[test]
fn what_a_killed_run_had_not_finished_is_swept_by_the_next() {
    let home = tempfile::tempdir().unwrap();
    for (name, run) in [("ours", true), ("empty", false)] {
        let folder = home.path().join(name);
        fs::create_dir(&folder).unwrap();
        if run {
            replace(&folder, &files(&[("a.csv", "1")])).unwrap();
        }
        stage(&folder.join(UNFINISHED), &folder, &files(&[("a.csv", "2")])).unwrap();
        fs::write(folder.join(LOCK), "").unwrap();
        check_whole(&folder).unwrap();
        check_folder(&folder).unwrap();
        let left = if run { expected(&[("a.csv", "1")]) } else { Texts::new() };
        assert_eq!(texts(&folder), left, "{name}");
    }
}

#[test]
fn of_runs_at_once_one_is_left_whole_and_none_fails() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("shared");
    let run = |which: usize| {
        for _ in 0..8 {
            let (text, own) = (which.to_string(), format!("own-{which}.csv"));
            let of_run = [("a.csv", text.as_str()), ("b.csv", &text), (&own, &text)];
            check_folder(&folder).unwrap();
            replace(&folder, &files(&of_run)).unwrap();
        }
    };
    thread::scope(|scope| {
        for which in 0..6 {
            scope.spawn(move || run(which));
        }
    });
    let left = texts(&folder);
    let last = &left["a.csv"];
    assert_eq!(left.len(), 3, "{left:?}");
    assert!(left.values().all(|text| text == last), "{left:?}");
}

#[test]
fn looks_at_once_do_not_take_each_others_new_folder_away() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("new/and/deep");
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| (0..100).for_each(|_| check_folder(&folder).unwrap()));
        }
    });
    // One may keep another from taking an empty folder away; nothing else stays.
    assert!(!folder.exists() || texts(&folder).is_empty());
}

#[test]
fn the_folder_beside_another_has_its_name() {
    let home = tempfile::tempdir().unwrap();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    for (folder, partial) in [("d", "d.partial"), ("a/d/", "a/d.partial"), ("../d", "../d.partial")]
    {
        assert_eq!(beside(Path::new(folder)), Path::new(partial));
    }
    // `.` and `..` are called what they are.
    let inside = home.path().join("run/deep");
    fs::create_dir_all(&inside).unwrap();
    assert_eq!(name(&beside(&inside.join(".."))), "run.partial");
    assert!(name(&beside(Path::new("."))).ends_with(".partial"));
}

#[cfg(unix)]
mod on_unix {
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_folder_is_never_another_and_modes_stay() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("run");
        fs::create_dir(&folder).unwrap();
        set_mode(&folder, 0o2750);
        let set_group_kept = mode(&folder) == 0o2750;
        let node = fs::metadata(&folder).unwrap().ino();
        replace(&folder, &files(&[("a.csv", "1"), ("b.csv", "1")])).unwrap();
        set_mode(&folder.join("a.csv"), 0o600);
        replace(&folder, &files(&[("a.csv", "2"), ("b.csv", "2")])).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().ino(), node, "a mount point stays one");
        assert_eq!(mode(&folder), if set_group_kept { 0o2750 } else { 0o750 });
        assert_eq!(mode(&folder.join("a.csv")), 0o600);
        assert_eq!(texts(&folder)["a.csv"], "2");
    }

    #[test]
    fn a_link_stays_a_link_and_its_folder_gets_the_files() {
        let home = tempfile::tempdir().unwrap();
        let (target, link) = (home.path().join("target"), home.path().join("link"));
        fs::create_dir(&target).unwrap();
        symlink("target", &link).unwrap();
        for text in ["1", "2"] {
            check_folder(&link).unwrap();
            replace(&link, &files(&[("a.csv", text)])).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(texts(&target), expected(&[("a.csv", text)]));
        }
    }

    #[test]
    fn a_link_to_nothing_and_what_cannot_be_written_are_told() {
        let home = tempfile::tempdir().unwrap();
        symlink("nowhere", home.path().join("dangling")).unwrap();
        symlink("loop", home.path().join("loop")).unwrap();
        for (name, says) in [
            ("dangling", "dangling is a link to nowhere, which does not exist"),
            ("dangling/below", "dangling is a link to nowhere, which does not exist"),
            ("loop", "cannot write"),
        ] {
            let error = check_folder(&home.path().join(name)).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("--out"), "{name}: {error}");
        }
        // Who may do anything is refused nothing: the test says so rather than fail.
        let locked = home.path().join("locked");
        fs::create_dir(&locked).unwrap();
        set_mode(&locked, 0o500);
        if fs::create_dir(locked.join("probe")).is_ok() {
            let _ = io::stderr().write_all(b"SKIPPED unwritable folders: this user may write\n");
            return;
        }
        for name in ["locked", "locked/below"] {
            let error = check_folder(&home.path().join(name)).unwrap_err().to_string();
            assert!(error.contains("cannot write") && error.contains("denied"), "{error}");
        }
        set_mode(&locked, 0o700);
        assert_eq!(texts(&locked), Texts::new());
    }
}
