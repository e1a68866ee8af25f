from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.deploy.mocked import ConfigError, load_config
from tests.sandbox.deploy.programs import PROJECT


class TestConfig:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
            (tmp_path / name).write_text((PROJECT / name).read_text())
        return tmp_path

    def test_is_the_stacks_over_the_projects_defaults(self) -> None:
        assert load_config(PROJECT) == {
            "aws:region": "eu-central-1",
            "small:greeting": "hello",
            "small:people": ["ann@example.org"],
            "small:times": 3,
            "small:loud": False,
            "small:groups": {},
        }

    def test_overrides_are_read_by_the_keys_type(self) -> None:
        config = load_config(
            PROJECT,
            {
                "greeting": "a,b",
                "people": "example.net, ops@example.org",
                "small:times": "7",
                "loud": "true",
                "groups": '{"ops": ["a@example.org"]}',
                "aws:region": "us-east-1",
            },
        )
        assert config == {
            "aws:region": "us-east-1",
            "small:greeting": "a,b",
            "small:people": ["example.net", "ops@example.org"],
            "small:times": 7,
            "small:loud": True,
            "small:groups": {"ops": ["a@example.org"]},
        }

    def test_an_empty_list_can_be_given(self) -> None:
        assert load_config(PROJECT, {"people": ""})["small:people"] == []

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("greetings=x", "greetings is not a key of Pulumi.yaml; did you mean greeting?"),
            ("zzz=x", "zzz is not a key of Pulumi.yaml"),
            (
                "other:greeting=x",
                "other:greeting is not a key of Pulumi.yaml; did you mean greeting?",
            ),
            ("small:tims=1", "small:tims is not a key of Pulumi.yaml; did you mean times?"),
            ("times=many", "times must be of type integer; found 'many'"),
            ("loud=perhaps", "loud must be of type boolean; found 'perhaps'"),
            ("groups={", "groups must be of type object; found '{'"),
            ("groups=[]", "small:groups must be of type object; found []"),
        ],
    )
    def test_a_wrong_override_is_an_error_that_names_it(self, override: str, message: str) -> None:
        key, _, value = override.partition("=")
        with pytest.raises(ConfigError) as caught:
            load_config(PROJECT, {key: value})
        assert str(caught.value) == message

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("small:nonsense: 1", "small:nonsense in Pulumi.dev.yaml is not a key of Pulumi.yaml"),
            (
                "small:greting: hi",
                (
                    "small:greting in Pulumi.dev.yaml is not a key of Pulumi.yaml;"
                    " did you mean greeting?"
                ),
            ),
            ("small:people: ann", "small:people must be of type array; found 'ann'"),
            ("small:times: true", "small:times must be of type integer; found True"),
            (
                "small:greeting: {secure: v1:x}",
                "small:greeting in Pulumi.dev.yaml is encrypted; set it with --config",
            ),
        ],
    )
    def test_a_wrong_stack_file_is_an_error_that_names_the_key(
        self, project: Path, line: str, message: str
    ) -> None:
        (project / "Pulumi.dev.yaml").write_text(
            f"config:\n  {line}\n" + ("" if "people" in line else "  small:people: []\n")
        )
        with pytest.raises(ConfigError) as caught:
            load_config(project)
        assert str(caught.value) == message

    def test_a_key_without_a_default_must_be_set(self, project: Path) -> None:
        (project / "Pulumi.dev.yaml").write_text("config: {}\n")
        with pytest.raises(ConfigError) as caught:
            load_config(project)
        assert str(caught.value) == (
            "small:people is not set, and has no default in Pulumi.yaml: set it"
        )

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"Pulumi\.yaml cannot be read: No such file"):
            load_config(tmp_path)
