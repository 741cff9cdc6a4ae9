#include "cli/main.h"

int main(int argc, char** argv) { return pellucid::cli::Main(argc, argv); }
