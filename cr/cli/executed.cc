#include "cr/cli/executed.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <cerrno>

namespace cr::cli {

std::vector<char*> as_restore(int argc, char** argv) {
  static char restore[] = "restore";
  static char no_option[] = "--";
  std::vector<char*> words{argv[0], restore};
  const bool has_image = argc > 1;
  const bool like_an_option = has_image && argv[1][0] == '-';  // a file that is called so
  if (has_image && !like_an_option) words.push_back(argv[1]);
  for (int i = 2; i < argc; ++i) words.push_back(argv[i]);
  if (like_an_option) words.insert(words.end(), {no_option, argv[1]});
  words.push_back(nullptr);
  return words;
}

// binfmt_misc can pass no words of its own, but with its flag O a descriptor of the file, which no other way
// to start a program gives. What is restored is opened by name like any other image, with the rights of
// whoever executed it.
std::vector<char*> command_line(int argc, char** argv) {
  errno = 0;
  const unsigned long image = ::getauxval(AT_EXECFD);
  if (errno == ENOENT) return {argv, argv + argc + 1};
  ::close(static_cast<int>(image));
  return as_restore(argc, argv);
}

}  // namespace cr::cli
