"""echo_bot: answers each signal to its sender, and to nobody else."""
import unittest

from driver import CuttableProxy, Program, ProgramTest


class EchoBot(ProgramTest):
    def start_bot(self, **options):
        bot = self.start("echo_bot", data="bot", **options)
        bot.id = bot.expect("connected as ").split()[-1]
        return bot

    def test_echoes_to_the_sender_only(self):
        bot = self.start_bot()
        asker, bystander = self.join_cli(data="asker"), self.join_cli(data="bystander")
        asker.expect_event("connectionCreated", connectionId=bot.id, data="bot")
        asker.command("signal", type="question", data="wie geht's? \u00e9\U0001F600", to=bot.id)
        asker.expect_event("signal", type="question", data="wie geht's? \u00e9\U0001F600", **{"from": bot.id})
        asker.command("signal", type="to-all", data="anybody?")
        asker.expect_event("signal", type="to-all", **{"from": asker.id})
        asker.expect_event("signal", type="to-all", data="anybody?", **{"from": bot.id})
        asker.command("signal")
        asker.expect_event("signal", type=None, data=None, **{"from": bot.id})
        asker.command("signal", type="last")
        bystander.expect_event("signal", type="last", **{"from": asker.id})
        self.assertNotIn(bot.id, [event["from"] for event in bystander.events() if event["event"] == "signal"])

    def test_does_not_answer_itself_or_the_server(self):
        bot = self.start_bot()
        asker = self.join_cli()
        asker.expect_event("connectionCreated", connectionId=bot.id)
        self.signal_from_server("news", "from the server")
        asker.expect_event("signal", type="news", data="from the server", **{"from": None})
        asker.command("signal", type="after", to=bot.id)
        asker.expect_event("signal", type="after", **{"from": bot.id})
        bot.expect("echoed 0 bytes")
        self.assertEqual(sum("echoed" in line for line in bot.lines), 1)
        signals = [event for event in asker.events() if event["event"] == "signal"]
        self.assertEqual([event["type"] for event in signals], ["news", "after"])

    def test_two_bots_leave_each_other_alone(self):
        first, second = self.start_bot(), self.start_bot()
        asker = self.join_cli()
        for bot in (first, second):
            asker.expect_event("connectionCreated")
        asker.command("signal", type="once")
        for _ in range(3):
            asker.expect_event("signal", type="once")
        for bot in (first, second):
            bot.interrupt()
            self.assertEqual(bot.exit_code(), 0)
            self.assertEqual(sum("echoed" in line for line in bot.lines), 1)

    def test_echoes_again_after_a_cut(self):
        proxy = CuttableProxy(self)
        bot = self.start_bot(url=proxy.url)
        asker = self.join_cli()
        asker.expect_event("connectionCreated", connectionId=bot.id)
        proxy.cut()
        bot.expect("reconnecting")
        asker.command("signal", type="while-away", to=bot.id)
        bot.expect("reconnected")
        asker.expect_event("signal", type="while-away", **{"from": bot.id})

    def test_ctrl_c(self):
        bot = self.start_bot()
        asker = self.join_cli()
        asker.expect_event("connectionCreated", connectionId=bot.id)
        bot.interrupt()
        self.assertEqual(bot.exit_code(within=10), 0)
        self.assertEqual(bot.lines[-1], "disconnected")
        asker.expect_event("connectionDropped", connectionId=bot.id)

    def test_forced_to_leave(self):
        bot = self.start_bot()
        self.force_disconnect(bot.id)
        self.assertEqual(bot.exit_code(), 0)
        self.assertEqual(bot.lines[-1], "disconnected")

    def test_bad_token(self):
        bot = Program(self, "echo_bot", self.server.url, self.server.key, self.session, "T1==bm9uc2Vuc2U=")
        self.assertEqual(bot.exit_code(), 1)
        self.assertIn(b"error 1004: ", bot.errors)


if __name__ == "__main__":
    unittest.main()
