// Our own lint rule: in code whose time is an argument, `new Date()` and `Date()` without arguments read the machine's clock.

const wallClock = {
  create(context) {
    const look = (node) => {
      if (node.callee.type === "Identifier" && node.callee.name === "Date" && node.arguments.length === 0) {
        context.report({ node, message: "Time is an argument: this reads the machine's clock." });
      }
    };
    return { NewExpression: look, CallExpression: look };
  },
};

export default { meta: { name: "caladrius" }, rules: { "no-wall-clock": wallClock } };
