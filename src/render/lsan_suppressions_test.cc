// Fontconfig keeps the matches of each thread's fonts until the process ends
// and does not free them there: a fixed amount, however many figures are drawn.
// Read by LeakSanitizer, ignored elsewhere.
extern "C" const char* __lsan_default_suppressions();

extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfontconfig";
}
