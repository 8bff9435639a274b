#include "cr/proc/syscall.h"

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

bool read_word(Cursor& cursor, uint64_t& out) { return cursor.take(" 0x") && cursor.number(out, 16); }

}  // namespace

Result<SyscallInfo> parse_syscall(std::string_view text) {
  CR_TRY(check_complete("syscall", text));
  Result<SyscallInfo> result;
  SyscallInfo& info = *result;
  if (text == "running\n") return result;

  Cursor cursor(text);
  if (!cursor.number(info.nr)) return unexpected(text, "syscall to be \"running\" or to start with a number");
  info.where = info.nr < 0 ? SyscallInfo::Where::kOutside : SyscallInfo::Where::kSystemCall;
  if (info.where == SyscallInfo::Where::kSystemCall) {
    for (uint64_t& arg : info.args) {
      if (!read_word(cursor, arg)) return unexpected(text, "six hexadecimal arguments in syscall");
    }
  }
  if (!read_word(cursor, info.sp) || !read_word(cursor, info.pc) || !cursor.take('\n')) {
    return unexpected(text, "syscall to end with the stack pointer and the instruction pointer");
  }
  return result;
}

}  // namespace cr::proc
