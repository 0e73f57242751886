//! Configurations and what becomes of them.

use super::*;
use expect_test::{Expect, expect};
use std::fmt::Write;
use upstream::Transport;

const FILE: &str = "/home/ann/.config/cofferdam/cofferdam.toml";

/// Reads `text` as the user's own file in a home of two variables, and shows the result or the error.
fn check(text: &str, expected: Expect) {
    let around = Surroundings::of_test(Path::new("/work"), &[("HOME", "/home/ann"), ("TOKEN", "s3cret")]);
    expected.assert_eq(&match of_text(Path::new(FILE), text, &around) {
        Ok(config) => show(&config),
        Err(error) => error.to_string(),
    });
}

/// Every server on a line; values of variables and headers included, since references are what is tested.
fn show(config: &Config) -> String {
    let mut text = String::new();
    for server in &config.servers {
        let transport = match &server.transport {
            Transport::Stdio { command, args, env, cwd } => format!("{command} {args:?} {env:?} {cwd:?}"),
            Transport::Http { url, headers } => format!("{url} {headers:?}"),
        };
        writeln!(text, "{}: {transport} {:?} {:?} {:?}", server.name, server.era, server.call_timeout, server.start_timeout).unwrap();
    }
    for failed in &config.failed {
        writeln!(text, "{} failed: {}", failed.name, failed.reason).unwrap();
    }
    for alias in &config.skipped {
        writeln!(text, "{alias} skipped").unwrap();
    }
    text
}

#[test]
fn servers() {
    check(
        r#"
        [servers.github]
        command = "npx"
        args = ["-y", "server"]
        env = { GITHUB_TOKEN = "${TOKEN}" }
        cwd = "data"
        call_timeout = "5s"
        [servers."My Wiki"]
        url = "https://${HOST:-localhost}/mcp"
        headers = { Authorization = "Bearer ${TOKEN}" }
        era = "modern"
        start_timeout = "1m"
        [servers.broken]
        command = "x"
        env = { KEY = "${NOT_SET}" }
        [servers.off]
        command = "x"
        disabled = true
        [servers.us]
        command = "/usr/bin/cofferdam"
        "#,
        expect![[r#"
            github: npx ["-y", "server"] {"GITHUB_TOKEN": "s3cret"} Some("/home/ann/.config/cofferdam/data") None Some(5s) 30s
            my_wiki: https://localhost/mcp {"Authorization": "Bearer s3cret"} Some(Modern) None 60s
            broken failed: env.KEY: the environment variable NOT_SET is not set; set it, or give a default: ${NOT_SET:-default}
            us skipped
        "#]],
    );
}

#[test]
fn unknown_keys() {
    check(
        "[limits]\nwal = \"30s\"",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:1: unknown key "wal" in [limits]; did you mean "wall"?"#]],
    );
    check(
        "[limits]\n\n  zzz = 1",
        expect![[
            r#"/home/ann/.config/cofferdam/cofferdam.toml:3:3: unknown key "zzz" in [limits]; the keys here are wall, queue, queued, memory, program, output_kept, output_shown, calls, calls_in_flight, server_calls, call, reply, reply_depth, replies, workers, approval, workspace, workspace_files, failures_in_a_row, failures, sessions, session_idle, session_kept, artifact, artifacts"#
        ]],
    );
    check(
        "[servers.x]\ncomand = \"npx\"",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:1: unknown key "comand" in [servers.x]; did you mean "command"?"#]],
    );
    check("serves = 1", expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:1:1: unknown key "serves"; did you mean "servers"?"#]]);
    check(
        "[servers.x]\ncommand = \"x\"\n[servers.x.environment]\nA = \"b\"",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:3:12: unknown key "environment" in [servers.x]; did you mean "env"?"#]],
    );
}

#[test]
fn wrong_values() {
    check(
        "[limits]\nwall = 30",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:8: limits.wall: invalid type: integer "30", expected a duration such as "30s""#]],
    );
    check(
        "[limits]\nwall = \"30\"",
        expect![[
            r#"/home/ann/.config/cofferdam/cofferdam.toml:2:8: limits.wall: "30" has no unit: write a number with ms, s, m or h, for example "30s""#
        ]],
    );
    check("[limits]\nmemory = \"8GiB\"", expect!["/home/ann/.config/cofferdam/cofferdam.toml:2:10: limits.memory must be between 64 MiB and 4 GiB"]);
    check("[limits]\nworkers = 0", expect!["/home/ann/.config/cofferdam/cofferdam.toml:2:11: limits.workers must be between 1 and 1024"]);
    check("[limits]\nfailures = 0", expect!["/home/ann/.config/cofferdam/cofferdam.toml:2:12: limits.failures must be between 1 and 100000"]);
    check(
        "[limits]\ncalls = -1",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:9: limits.calls: invalid value: integer "-1", expected u32"#]],
    );
    check(
        "[servers.x]\nargs = \"-y\"",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:8: servers.x.args: invalid type: string "-y", expected a sequence"#]],
    );
    check(
        "[servers.x]\nera = \"old\"\ncommand = \"x\"",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:7: servers.x.era: unknown variant "old", expected "legacy" or "modern""#]],
    );
    check(
        "[programs]\nforbid = [\"eval\"]",
        expect![[
            r#"/home/ann/.config/cofferdam/cofferdam.toml:2:11: programs.forbid: unknown variant "eval", expected "dynamic_evaluation" or "escape_idiom""#
        ]],
    );
    check(
        "[replies]\nerrors = \"hidden\"",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:10: replies.errors: unknown variant "hidden", expected "shown" or "withheld""#]],
    );
    check(
        "[servers.x]\ntype = \"sse\"\nurl = \"http://x\"",
        expect![[
            r#"/home/ann/.config/cofferdam/cofferdam.toml:2:8: servers.x.type: unknown variant "sse", expected one of "stdio", "http", "streamable-http""#
        ]],
    );
    check(
        "[servers.x]\nenv = { PORT = 80 }\ncommand = \"x\"",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:16: servers.x.env.PORT: invalid type: integer "80", expected a string"#]],
    );
}

#[test]
fn wrong_servers() {
    check("# one\n[servers.x]", expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:10: server "x" has neither command nor url; give one"#]]);
    check(
        "[servers.x]\ncommand = \"x\"\nurl = \"http://x\"",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:1:10: server "x" has both command and url; give one"#]],
    );
    check(
        "[servers.x]\ntype = \"http\"\ncommand = \"x\"",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:1:10: server "x" has type "http" and no url"#]],
    );
    check(
        "[servers.x]\nurl = \"http://x\"\nargs = [\"a\"]",
        expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:1:10: server "x" has args, env or cwd, which a url does not take"#]],
    );
    check(
        "[servers.x]\nurl = \"ftp://x\"",
        expect![[r#"
        x failed: url does not begin with http:// or https://
    "#]],
    );
    check(
        "[servers.\"…\"]\ncommand = \"x\"",
        expect![[
            r#"/home/ann/.config/cofferdam/cofferdam.toml: a server cannot be named so: the name "…" has no letter or digit that a name may have (a-z, 0-9, _)"#
        ]],
    );
    check(
        "[servers.my-wiki]\ncommand = \"x\"\n[servers.my_wiki]\ncommand = \"y\"",
        expect![[
            r#"/home/ann/.config/cofferdam/cofferdam.toml: the server "my_wiki" and "my-wiki" in /home/ann/.config/cofferdam/cofferdam.toml would both be called my_wiki in programs; rename one or set disabled on it"#
        ]],
    );
}

#[test]
fn broken_files() {
    check("[limits", expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:1:8: unclosed table, expected "]""#]]);
    check("a = 1\na = 2", expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:2:1: the key "a" is there twice"#]]);
    check("[limits]\nwall = \"30s\"\nwall = \"40s\"", expect![[r#"/home/ann/.config/cofferdam/cofferdam.toml:3:1: the key "wall" is there twice"#]]);
}

#[test]
fn limits_replace_the_defaults() {
    let text = "[limits]\nwall = \"1m\"\nmemory = \"1GiB\"\ncalls = 0\noutput_shown = \"4KiB\"\nworkers = 2\nworkspace_files = 5";
    let parsed = toml::from_str::<raw::File>(text).unwrap();
    let expected = Limits {
        wall: std::time::Duration::from_secs(60),
        memory_bytes: 1 << 30,
        calls: 0,
        output_shown_bytes: 4096,
        workers: 2,
        workspace_files: 5,
        ..Limits::default()
    };
    assert_eq!(limits(Path::new(FILE), text, parsed.limits), Ok(expected));
}

#[test]
fn the_users_file_and_its_imports_are_read_and_a_projects_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let write = |path: &str, text: &str| {
        std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        std::fs::write(at(path), text).unwrap();
    };
    write("config/cofferdam/cofferdam.toml", "import = [\"mine.json\"]\n[servers.a]\ncommand = \"a\"");
    write("config/cofferdam/mine.json", r#"{"mcpServers": {"b": {"command": "b"}}}"#);
    write("project/.mcp.json", r#"{"mcpServers": {"c": {"command": "c"}}}"#);
    write("project/cofferdam.toml", "[servers.d]\ncommand = \"d\"");
    write("project/.vscode/mcp.json", r#"{"servers": {"e": {"command": "e", "cwd": "x", "args": ["${workspaceFolder}"]}}, "inputs": []}"#);
    let home = at("config").display().to_string();
    let around = Surroundings::of_test(&at("project"), &[("XDG_CONFIG_HOME", &home)]);
    let names = |config: Option<&str>, imports: &[&str]| -> String {
        let sources = Sources { config: config.map(PathBuf::from), mcp_configs: imports.iter().map(PathBuf::from).collect(), ..Sources::default() };
        load(&sources, &around).unwrap().servers.iter().map(|server| server.name.as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(None, &[]), "a b");
    assert_eq!(names(None, &[".mcp.json"]), "a b c");
    assert_eq!(names(Some("cofferdam.toml"), &[]), "d");
    assert_eq!(names(Some("cofferdam.toml"), &[".mcp.json", ".vscode/mcp.json"]), "c d e");

    let sources = Sources { config: Some("cofferdam.toml".into()), mcp_configs: vec![".vscode/mcp.json".into()], ..Sources::default() };
    let project = at("project").display().to_string();
    let config = load(&sources, &around).unwrap();
    let Transport::Stdio { args, cwd, .. } = &config.servers[1].transport else { panic!("not a child process") };
    assert_eq!((args, cwd), (&vec![project], &Some(at("project/x"))));
}

#[test]
fn files_that_are_named_must_be_there() {
    let around = Surroundings::of_test(Path::new("/nowhere"), &[]);
    let sources = Sources { config: Some("x.toml".into()), ..Sources::default() };
    assert_eq!(load(&sources, &around).unwrap_err().to_string(), "/nowhere/x.toml: cannot be read: No such file or directory (os error 2)");
    assert!(load(&Sources::default(), &around).unwrap().files.is_empty());
}

/// Surroundings with a token and nothing else.
fn of_nothing() -> Surroundings {
    Surroundings::of_test(Path::new("/work"), &[("TOKEN", "s3cret")])
}

#[test]
fn rules_that_cannot_be_obeyed() {
    let rule = |rest: &str| format!("[[rules]]\n{rest}\n");
    for (rest, error) in [
        ("effect = \"allow\"", "1:1: rules: missing field \"tools\""),
        ("tools = []\neffect = \"allow\"", "1:1: rules.tools: a rule is about 1 to 100 patterns, such as [\"github.create_*\"]; * means all tools"),
        ("tools = [\"*\"]\neffect = \"alow\"", "3:10: rules.effect: unknown variant \"alow\", expected one of \"allow\", \"ask\", \"deny\""),
        (
            "tools = [\"chat.*\", \"github.createIssue\"]\neffect = \"ask\"",
            "2:20: rules.tools: \"github.createIssue\" can match no tool: names of tools have no 'I'; did you mean \"github.create_issue\"?",
        ),
        ("tools = [\"*\"]\neffect = \"ask\"\nwhen = 'arg.x == 1'", "4:8: rules.when: unknown variable \"arg\"; did you mean args?"),
        ("tools = [\"*\"]\neffect = \"deny\"\nguard = []", "4:9: rules.guard: only a rule that allows has a guard"),
        ("tools = [\"*\"]\neffect = \"ask\"\nwhn = 'true'", "4:1: unknown key \"whn\" in [rules]; did you mean \"when\"?"),
    ] {
        let Err(found) = parse(Path::new(FILE), &rule(rest), &of_nothing()) else { panic!("{rest}") };
        assert_eq!(found.to_string(), format!("{FILE}:{error}"), "{rest}");
    }
}

#[test]
fn data_of_a_server_of_another_file() {
    let own =
        parse(Path::new(FILE), "[servers.my-wiki]\ndata = [\"untrusted\"]\n[servers.local]\ncommand = \"x\"\ndata = []", &of_nothing()).unwrap();
    assert_eq!(own.entries.iter().map(|entry| entry.alias.as_str()).collect::<Vec<_>>(), ["local"]);
    let [wiki, local] = ["my-wiki", "local"].map(|name| ServerName::mint(name).unwrap());
    assert_eq!(own.policy.data, BTreeMap::from([(wiki.clone(), [policy::LabelKind::Untrusted].into()), (local, [].into())]));
    let [(name, error)] = own.elsewhere.as_slice() else { panic!("one server is elsewhere") };
    assert_eq!(*name, wiki);
    let expected = "1:10: server \"my-wiki\" has data and neither command nor url, and no imported file has it either; give one";
    assert_eq!(error.to_string(), format!("{FILE}:{expected}"));
}

#[test]
fn what_is_said_of_programs_and_errors() {
    let text = "[programs]\nforbid = [\"escape_idiom\"]\n[replies]\nerrors = \"withheld\"\n[servers.wiki]\nerrors = \"shown\"\n";
    let own = parse(Path::new(FILE), text, &of_nothing()).unwrap();
    let wiki = ServerName::mint("wiki").unwrap();
    assert_eq!(own.policy.forbidden, [policy::FlagKind::EscapeIdiom].into());
    assert_eq!((own.policy.errors, own.policy.errors_of), (policy::ErrorTexts::Withheld, BTreeMap::from([(wiki, policy::ErrorTexts::Shown)])));
    let [(_, error)] = own.elsewhere.as_slice() else { panic!("one server is elsewhere") };
    let expected = "5:10: server \"wiki\" has errors and neither command nor url, and no imported file has it either; give one";
    assert_eq!(error.to_string(), format!("{FILE}:{expected}"));
    // Whatever of it is written otherwise is another policy.
    let hash = |text: &str| crate::rules::hash(&parse(Path::new(FILE), text, &of_nothing()).unwrap().policy);
    let judge = "[judge]\ncommand = [\"x\"]\n";
    let texts = ["", "[programs]\nforbid = [\"escape_idiom\"]\n", "[replies]\nerrors = \"withheld\"\n", judge, "[judge]\ncommand = [\"y\"]\n"];
    assert_eq!(texts.map(hash).into_iter().collect::<std::collections::BTreeSet<_>>().len(), texts.len());
}

#[test]
fn http_rules_in_the_order_in_which_they_are_tried() {
    let text = r#"
[http]
allow = ["GET https://api.example.com/**", "HEAD https://*.example.com/**"]
[[http.rules]]
allow = ["GET,POST http://intern:8080/v1/*"]
headers = { Authorization = "Bearer ${TOKEN}" }
private_addresses = true
guard = ["private"]
data = []
"#;
    let own = parse(Path::new(FILE), text, &of_nothing()).unwrap();
    let [intern, open] = own.policy.http.as_slice() else { panic!("there are two rules") };
    let written = |rule: &policy::HttpRule| rule.allow.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!((&*written(intern), intern.line), ("GET,POST http://intern:8080/v1/*", 4));
    assert_eq!(intern.headers.0, BTreeMap::from([("authorization".to_owned(), "Bearer s3cret".to_owned())]));
    assert_eq!((intern.addresses, &intern.guard, &intern.data), (policy::Addresses::All, &[policy::LabelKind::Private].into(), &[].into()));
    assert_eq!((&*written(open), open.line), ("GET https://api.example.com/** HEAD https://*.example.com/**", 3));
    assert_eq!(
        (open.addresses, &open.guard, &open.data),
        (policy::Addresses::Public, &policy::LabelKind::ALL.into(), &policy::LabelKind::ALL.into())
    );
    // Who renews a token writes no other policy; who opens a host does.
    let hash = |text: &str, token: &str| {
        let around = Surroundings::of_test(Path::new("/work"), &[("TOKEN", token)]);
        rules::hash(&parse(Path::new(FILE), text, &around).unwrap().policy)
    };
    assert_eq!(hash(text, "one"), hash(text, "two"));
    assert_ne!(hash(text, "one"), hash(&text.replace("data = []", ""), "one"));
    assert_ne!(hash(text, "one"), hash(&text.replace("v1/*", "v1/**"), "one"));
}

#[test]
fn http_rules_that_cannot_be_obeyed() {
    for (text, error) in [
        (
            "[http]\nallow = [\"https://a.test/**\"]",
            "2:10: http.allow: \"https://a.test/**\" is no pattern: write methods and a URL, such as \"GET,POST https://api.example.com/v1/**\"",
        ),
        ("[[http.rules]]\nheaders = {}", "1:1: http.rules.allow: a rule needs a pattern, such as [\"GET https://api.example.com/**\"]"),
        ("[http]\nalow = []", "2:1: unknown key \"alow\" in [http]; did you mean \"allow\"?"),
        (
            "[[http.rules]]\nallow = [\"GET https://*.test/**\"]\nprivate_addresses = true",
            "3:21: http.rules.private_addresses: GET https://*.test/** may lead anywhere; only a rule with exact hosts can reach private addresses",
        ),
        (
            "[[http.rules]]\nallow = [\"GET https://a.test/**\"]\nheaders = { Host = \"b.test\" }",
            "3:13: http.rules.headers: host says how a message travels and cannot be set",
        ),
        (
            "[[http.rules]]\nallow = [\"GET https://a.test/**\"]\nheaders = { x-a = \"1\\nx-b: 2\" }",
            "3:19: http.rules.headers.x-a: its value has a line break or another control character",
        ),
        (
            "[[http.rules]]\nallow = [\"GET https://a.test/**\"]\nheaders = { x-a = \"${NOPE}\" }",
            "3:19: http.rules.headers.x-a: the environment variable NOPE is not set; set it, or give a default: ${NOPE:-default}",
        ),
    ] {
        let Err(found) = parse(Path::new(FILE), text, &of_nothing()) else { panic!("{text}") };
        assert_eq!(found.to_string(), format!("{FILE}:{error}"), "{text}");
    }
}

#[test]
fn directories_that_are_granted_and_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().canonicalize().unwrap();
    for directory in ["project/data/inner", "project/other", ".local/state/cofferdam/journal", "empty"] {
        std::fs::create_dir_all(home.join(directory)).unwrap();
    }
    std::os::unix::fs::symlink(home.join(".local/state"), home.join("project/state")).unwrap();
    std::fs::write(home.join("project/file"), "").unwrap();
    let around = Surroundings::of_test(&home.join("project"), &[("HOME", home.to_str().unwrap())]);
    let load = |text: &str| {
        std::fs::write(home.join("project/cofferdam.toml"), text).unwrap();
        load(&Sources { config: Some("cofferdam.toml".into()), ..Sources::default() }, &around)
    };
    let config =
        load("[files]\n\"/data\" = { path = \"./data\", access = \"read\", data = [] }\n\"/out\" = { path = \"other\", access = \"write\" }")
            .unwrap();
    let shown: Vec<_> = config.policy.files.iter().map(|grant| (&*grant.mount, grant.path.clone(), grant.access, grant.data.len())).collect();
    let [data, other] = ["project/data", "project/other"].map(|path| home.join(path));
    assert_eq!(shown, [("/data", data, policy::FileAccess::Read, 0), ("/out", other, policy::FileAccess::Write, 2)]);
    assert_ne!(config.policy.hash, load("").unwrap().policy.hash);
    let ours = |path: &str, what: &str| {
        format!("{} cannot be granted: {} is Cofferdam's own, and no program may reach it", home.join(path).display(), home.join(what).display())
    };
    for (mount, path, why) in [
        ("/workspace/x", "data", "is no place for a directory: write an absolute path outside of /workspace, such as \"/data\"".to_owned()),
        ("/", "data", "is no place for a directory: write an absolute path outside of /workspace, such as \"/data\"".to_owned()),
        ("/a/../b", "data", "is no place for a directory: write an absolute path outside of /workspace, such as \"/data\"".to_owned()),
        ("data", "data", "is no place for a directory: write an absolute path outside of /workspace, such as \"/data\"".to_owned()),
        ("/d", "nowhere", format!("{}: No such file or directory (os error 2)", home.join("project/nowhere").display())),
        ("/d", "file", format!("{} is not a directory", home.join("project/file").display())),
        ("/d", ".", ours("project", "project/cofferdam.toml")),
        ("/d", "..", ours("", ".local/state/cofferdam").replacen("/ cannot", " cannot", 1)),
        ("/d", "state", ours(".local/state", ".local/state/cofferdam")),
        ("/d", "state/cofferdam/journal", ours(".local/state/cofferdam/journal", ".local/state/cofferdam")),
    ] {
        let error = load(&format!("[files]\n{mount:?} = {{ path = {path:?}, access = \"read\" }}")).unwrap_err();
        assert_eq!(error.to_string(), format!("{}:2:1: files.{mount:?}: {why}", home.join("project/cofferdam.toml").display()));
    }
    let nested = "[files]\n\"/a\" = { path = \"data\", access = \"write\" }\n\"/b\" = { path = \"data/inner\", access = \"read\" }";
    let expected = "3:1: files.\"/b\": one directory of this and \"/a\" lies in the other; grant one of them";
    assert_eq!(load(nested).unwrap_err().to_string(), format!("{}:{expected}", home.join("project/cofferdam.toml").display()));
}

#[test]
fn variables_that_programs_may_see() {
    let own = parse(Path::new(FILE), "[env]\nREGION = \"eu\"", &of_nothing()).unwrap();
    assert_eq!(own.policy.env, BTreeMap::from([("REGION".to_owned(), "eu".to_owned())]));
    for (text, error) in [
        ("[env]\nHOME = \"/x\"", "2:1: env.HOME: is set by Cofferdam or read by an interpreter, and cannot be given to programs"),
        ("[env]\nPYTHONPATH = \"/x\"", "2:1: env.PYTHONPATH: is set by Cofferdam or read by an interpreter, and cannot be given to programs"),
        ("[env]\n\"a-b\" = \"x\"", "2:1: env.a-b: is no name of a variable"),
        (
            "[env]\nA = \"${TOKEN}\"",
            "2:5: env.A: may hold a secret, since it comes from a variable: programs and the model see these values, so write it out",
        ),
    ] {
        let Err(found) = parse(Path::new(FILE), text, &of_nothing()) else { panic!("{text}") };
        assert_eq!(found.to_string(), format!("{FILE}:{error}"), "{text}");
    }
}
