"""Usage texts, usage errors and exit statuses: what needs no study."""

import tap
from case import Case

COMMANDS = (
    "run try replay check list show members segments best plot schedule lineage why report"
    " compare verify stop resume amend delete"
).split()
QUERIES = "list show members segments best schedule lineage compare".split()


class Usage(Case):
    def failure(self, *words, status=2):
        """Run a command that fails; return its message and its hint."""
        output, errors = self.pbt(*words, status=status)
        self.assertEqual(output, "")
        lines = errors.splitlines()
        self.assertTrue(lines[0].startswith("pbt: "), errors)
        hints = [line[len("hint: ") :] for line in lines if line.startswith("hint: ")]
        return lines[0][len("pbt: ") :], hints[0] if hints else ""

    def test_version(self):
        output, _ = self.pbt("--version")
        self.assertRegex(output, r"^pbt \d+\.\d+\.\d+\n$")

    def test_help_lists_every_command(self):
        output, _ = self.pbt("--help")
        for command in COMMANDS:
            self.assertRegex(output, rf"(?m)^  {command} +\w")

    def test_every_command_explains_itself(self):
        for command in COMMANDS:
            for word in ("--help", "-h"):
                output, errors = self.pbt(command, word)
                self.assertTrue(output.startswith(f"usage: pbt {command}"), output)
                self.assertIn("--help", output)
                self.assertEqual(errors, "")

    def test_help_fits_a_terminal(self):
        for command in COMMANDS:
            output, _ = self.pbt(command, "--help")
            self.assertLessEqual(max(map(len, output.splitlines())), 80, command)
            self.assertNotRegex(output, r"(?m) $")

    def test_what_must_be_given_stands_without_brackets(self):
        forms = {
            "plot": "[STUDY] --output FILE", "export": "[STUDY] --output DIR",
            "report": "STUDY [BASELINE...] --output FILE", "compare": "[STUDY...] [--store URL]",
        }  # fmt: skip
        for command, form in forms.items():
            output, _ = self.pbt(command, "--help")
            self.assertTrue(output.startswith(f"usage: pbt {command} {form}"), output)
        self.assertIn("[--output FILE]", output)

    def test_help_says_the_forms(self):
        for command, form in (("schedule", "csv, json or yaml"), ("lineage", "dot (default")):
            self.assertIn(f"--format FORM\n{'':16}{form}", self.pbt(command, "--help")[0])

    def test_examples_and_exit_statuses(self):
        output, _ = self.pbt("run", "--help")
        for words in ("pbt run study.yaml --seeds 1..5", "130, 143", "without one usable member"):
            self.assertIn(words, output)
        self.assertNotIn("exit status", self.pbt("list", "--help")[0])

    def test_queries_offer_json_and_a_store(self):
        for command in QUERIES:
            output, _ = self.pbt(command, "--help")
            self.assertIn("--json", output)
            self.assertIn("--store URL", output)

    def test_without_a_command_usage_goes_to_standard_error(self):
        output, errors = self.pbt(status=2)
        self.assertEqual(output, "")
        self.assertTrue(errors.startswith("usage: pbt COMMAND"))

    def test_unknown_command_suggests_the_nearest(self):
        message, hint = self.failure("segmnets")
        self.assertEqual(message, "unknown command 'segmnets'")
        self.assertEqual(hint, "did you mean 'pbt segments'?")
        self.assertIn("pbt --help", self.failure("xyzzy")[1])

    def test_unknown_option_suggests_the_nearest(self):
        message, hint = self.failure("run", "spec.yaml", "--sotre", "x")
        self.assertEqual(message, "unknown option '--sotre'")
        self.assertEqual(hint, "did you mean '--store'?")
        self.assertEqual(self.failure("--versoin")[1], "did you mean '--version'?")
        self.assertIn("pbt run --help", self.failure("run", "spec.yaml", "-x")[1])

    def test_an_option_of_another_command_is_unknown(self):
        self.assertEqual(self.failure("list", "--slots", "2")[0], "unknown option '--slots'")

    def test_option_without_its_value(self):
        self.assertIn("needs its URL", self.failure("list", "--store")[0])

    def test_flag_with_a_value(self):
        self.assertIn("takes no value", self.failure("list", "--json=yes")[0])

    def test_operands_are_counted(self):
        self.assertEqual(self.failure("run")[0], "'pbt run' needs SPEC")
        self.assertIn("usage: pbt run SPEC", self.failure("run")[1])
        self.assertIn("unexpected argument 'b'", self.failure("show", "a", "b")[0])
        self.assertIn("needs STUDY KEY=VALUE", self.failure("amend", "tiny")[0])

    def test_numbers_are_checked(self):
        for value in ("0", "-1", "two", "1.5", "", "99999999999999999999"):
            message, hint = self.failure("run", "spec.yaml", "--slots", value)
            self.assertIn(f"--slots is '{value}'", message)
            self.assertIn("whole number", hint)
        for value in ("3..1", "1..", "..2", "a..b", "1...3", "0..99999999"):
            self.assertIn("--seeds is", self.failure("run", "spec.yaml", f"--seeds={value}")[0])
        self.assertNotIn("pbt.db", self.files())

    def test_executors_have_names(self):
        message, hint = self.failure("run", "spec.yaml", "--executor", "nowhere")
        self.assertEqual(message, "no executor 'nowhere'")
        self.assertIn("executors: local", hint)
        self.assertNotIn("pbt.db", self.files())

    def test_queries_never_create_a_store(self):
        before = self.files()
        for command in QUERIES + ["verify"]:
            message, hint = self.failure(command, status=1)
            self.assertIn("pbt.db", message)
            self.assertIn("--store", hint)
        for command in (["stop", "x"], ["resume", "x"], ["amend", "x", "a=b"], ["delete", "x"]):
            self.failure(*command, status=1)
        self.failure("list", "--store", "sqlite:nowhere/pbt.db", status=1)
        self.assertEqual(self.files(), before)

    def test_unknown_store_scheme(self):
        self.assertIn("oracle", self.failure("list", "--store", "oracle:x")[0])

    def test_spec_errors_name_the_place_and_create_nothing(self):
        self.spec(population="many")
        before = self.files()
        for command in ("run", "check"):
            message, _ = self.failure(command, "spec.yaml")
            self.assertRegex(message, r"^spec\.yaml:4:13: .*population")
        self.assertEqual(self.files(), before)

    def test_missing_spec(self):
        self.assertIn("nothing.yaml", self.failure("run", "nothing.yaml", status=1)[0])

    def test_check_says_what_a_spec_means(self):
        output, _ = self.pbt("check", "spec.yaml")
        for word in ("tiny", "rate", "width", "160"):
            self.assertIn(word, output)
        (described,) = self.json("check", "spec.yaml")
        self.assertEqual(described["name"], "tiny")

    def test_standard_output_that_is_full_fails(self):
        with open("/dev/full", "w") as full:
            process = self.start("--help", stdout=full)
            _, errors = process.communicate()
        self.assertEqual(process.returncode, 1)
        self.assertIn("pbt: cannot write to standard output", errors)


tap.main()
