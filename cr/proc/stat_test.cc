#include "cr/proc/stat.h"

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

TEST(Stat, HostileNameIn64Bits) {
  const auto stat = parse_stat(captured("stat-64"));
  ASSERT_TRUE(stat) << stat.error().message();
  EXPECT_EQ(stat->pid, 18624);
  EXPECT_EQ(stat->comm, "a) R 1 (\n\\b");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->ppid, 18623);
  EXPECT_EQ(stat->pgrp, 18624);
  EXPECT_EQ(stat->session, 18624);
  EXPECT_EQ(stat->tty_nr, 0);
  EXPECT_EQ(stat->tpgid, -1);
  EXPECT_EQ(stat->flags, 0x400000u);
  EXPECT_EQ(stat->priority, 20);
  EXPECT_EQ(stat->nice, 0);
  EXPECT_EQ(stat->num_threads, 1);
  EXPECT_EQ(stat->starttime, 205507u);
  EXPECT_EQ(stat->start_code, 94259513405440u);
  EXPECT_EQ(stat->end_code, 94259513408305u);
  EXPECT_EQ(stat->start_stack, 140722820047792u);
  EXPECT_EQ(stat->exit_signal, 17);
  EXPECT_EQ(stat->processor, 1);
  EXPECT_EQ(stat->rt_priority, 0u);
  EXPECT_EQ(stat->policy, 0u);
  EXPECT_EQ(stat->start_data, 94259513417168u);
  EXPECT_EQ(stat->end_data, 94259513418104u);
  EXPECT_EQ(stat->start_brk, 94259638423552u);
  EXPECT_EQ(stat->arg_start, 140722820054966u);
  EXPECT_EQ(stat->arg_end, 140722820054988u);
  EXPECT_EQ(stat->env_start, stat->arg_end);
  EXPECT_EQ(stat->env_end, 140722820055024u);
  EXPECT_EQ(stat->exit_code, 0);
}

TEST(Stat, Addresses32Bit) {
  const auto stat = parse_stat(captured("stat-32"));
  ASSERT_TRUE(stat) << stat.error().message();
  EXPECT_EQ(stat->start_code, 0x56589000u);
  EXPECT_LT(stat->env_end, uint64_t{1} << 32);
}

TEST(Stat, ZombieKeepsItsExitCode) {
  const auto stat = parse_stat(captured("stat-zombie"));
  ASSERT_TRUE(stat) << stat.error().message();
  EXPECT_EQ(stat->state, 'Z');
  EXPECT_EQ(stat->exit_code, 3 << 8);
  EXPECT_EQ(stat->start_brk, 0u);
}

TEST(Stat, KernelThread) {
  const auto stat = parse_stat(captured("stat-kthread"));
  ASSERT_TRUE(stat) << stat.error().message();
  EXPECT_EQ(stat->comm, "kthreadd");
  EXPECT_EQ(stat->session, 0);
}

TEST(Stat, NamesThatImitateTheRest) {
  const std::string text = captured("stat-kthread");
  for (const char* name : {"", ")", ") ", "x) Z 9 9", "\n", "( (", " "}) {
    const auto stat = parse_stat(replaced(text, "kthreadd", name));
    ASSERT_TRUE(stat) << stat.error().message();
    EXPECT_EQ(stat->comm, name);
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->ppid, 0);
  }
}

TEST(Stat, FieldsOfANewerKernelAreIgnored) {
  const auto stat = parse_stat(replaced(captured("stat-zombie"), " 768\n", " 768 17 x\n"));
  ASSERT_TRUE(stat) << stat.error().message();
  EXPECT_EQ(stat->exit_code, 768);
}

TEST(Stat, BrokenFieldsAreNamed) {
  const std::string text = captured("stat-zombie");
  expect_error(parse_stat(replaced(text, "24488 (", "(")), {"PID (COMM)"});
  expect_error(parse_stat(replaced(text, "(python3)", "python3")), {"PID (COMM)"});
  expect_error(parse_stat(replaced(text, "(python3)", "(python3")), {"after the comm"});
  expect_error(parse_stat(replaced(text, ") Z ", ") ZZ ")), {"one letter"});
  expect_error(parse_stat(replaced(text, " 23883 ", " 0x17 ")), {"field 4", "0x17", "ppid"});
  expect_error(parse_stat(replaced(text, " 23883 ", " 99999999999 ")), {"field 4", "ppid"});
  expect_error(parse_stat(replaced(text, " 4227148 ", " -1 ")), {"field 9", "flags"});
  expect_error(parse_stat(replaced(text, " 768\n", "\n")), {"field 52", "exit_code"});
}

TEST(Stat, CutAnywhere) {
  expect_no_cut_parses(captured("stat-64"), parse_stat);
  expect_no_cut_parses(captured("stat-zombie"), parse_stat);
}

}  // namespace
}  // namespace cr::proc
