import { describe, expect, it } from "vitest";
import { evaluateKeyPolicy, parseIdentityPolicy, parseKeyPolicy, type PolicyDecision, type PolicyRequest } from "./index.ts";

// What AWS documents of policy evaluation, case by case, in our words and on a KMS key. The page stands above each table.

const ACCOUNT = "111122223333";
const OTHER = "444455556666";
const KEY = `arn:aws:kms:us-west-2:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const user = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:user/${name}`;
const role = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:role/${name}`;
const session = (name: string, id: string, account = ACCOUNT): string => `arn:aws:sts::${account}:assumed-role/${name}/${id}`;
const root = (account = ACCOUNT): string => `arn:aws:iam::${account}:root`;

type Context = PolicyRequest["context"];
const request = (arn: string, action = "kms:Decrypt", context: Context = {}): PolicyRequest => ({
  principal: { arn, account: arn.split(":")[4] ?? "" },
  action,
  resource: KEY,
  context,
});
const allow = { Effect: "Allow", Principal: { AWS: user("alice") }, Action: "kms:*", Resource: "*" };
const keyPolicy = (...statements: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const own = (change: object): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "kms:*", Resource: "*", ...change } });
const decided = (policy: string, asked: PolicyRequest, ...identity: string[]): PolicyDecision =>
  evaluateKeyPolicy(parseKeyPolicy(policy), asked, identity.map(parseIdentityPolicy));
/** Whether one condition lets a request through. */
const holds = (condition: object, context: Context, arn = user("alice")): boolean =>
  decided(keyPolicy({ ...allow, Principal: "*", Condition: condition }), request(arn, "kms:Decrypt", context)).allowed;

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
describe("policy evaluation logic", () => {
  const alice = request(user("alice"));
  it.each<[string, string, string[], PolicyDecision]>([
    ["nothing speaks of the caller: an implicit deny", keyPolicy({ ...allow, Principal: { AWS: user("bob") } }), [], no()],
    ["the key policy names the user: an IAM policy is not needed", keyPolicy(allow), [], yes("#0")],
    ["an explicit deny wins over every allow, in any order", keyPolicy(allow, { ...allow, Effect: "Deny", Sid: "no" }), [], deny("no")],
    ["an explicit deny of the caller's own policy wins too", keyPolicy(allow), [own({ Effect: "Deny" })], deny("identity policy 0: #0")],
    [
      "a deny about another action leaves this one allowed",
      keyPolicy(allow, { ...allow, Effect: "Deny", Action: "kms:Sign" }),
      [],
      yes("#0"),
    ],
    ["a statement that allows what its pattern covers", keyPolicy({ ...allow, Action: ["kms:Get*", "kms:Dec*"] }), [], yes("#0")],
    ["the report suffix alone is denied", keyPolicy(allow, { ...allow, Effect: "Deny", Action: "kms:*ypt" }), [], deny("#1")],
    ["NotAction covers what it does not list", keyPolicy({ ...allow, NotAction: "kms:Sign", Action: undefined }), [], yes("#0")],
    ["NotAction does not cover what it lists", keyPolicy({ ...allow, NotAction: "kms:D*", Action: undefined }), [], no()],
  ])("%s", (_, policy, identity, expected) => {
    expect(decided(policy, alice, ...identity)).toEqual(expected);
  });
});

// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
describe("the default key policy", () => {
  const standard = keyPolicy({ Sid: "Enable IAM policies", Effect: "Allow", Principal: { AWS: root() }, Action: "kms:*", Resource: "*" });
  const short = keyPolicy({ Sid: "short", Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "kms:*", Resource: "*" });
  it.each<[string, string, string, string[], PolicyDecision]>([
    ["gives no user of the account anything by itself", standard, user("alice"), [], no()],
    ["lets IAM policies of the account give it", standard, user("alice"), [own({})], yes("Enable IAM policies")],
    ["lets them give it to the sessions of a role", standard, session("App", "i-1"), [own({})], yes("Enable IAM policies")],
    ["is the same with the account's number", short, user("alice"), [own({})], yes("short")],
    ["gives the root user what it says", standard, root(), [], yes("Enable IAM policies")],
    ["gives nothing that the IAM policy does not give", standard, user("alice"), [own({ Action: "kms:Encrypt" })], no()],
    ["gives nothing to other accounts", standard, user("alice", OTHER), [own({})], no()],
  ])("%s", (_, policy, arn, identity, expected) => {
    expect(decided(policy, request(arn), ...identity)).toEqual(expected);
  });

  it("is what makes IAM policies count: without it they allow nothing, not even to the root user", () => {
    const one = keyPolicy({ ...allow, Principal: { AWS: user("bob") } });
    expect(decided(one, request(user("alice")), own({}))).toEqual(no());
    expect(decided(one, request(root()))).toEqual(no());
  });

  it("without it IAM policies still deny", () => {
    expect(decided(keyPolicy(allow), request(user("alice")), own({ Effect: "Deny", Action: "kms:Decrypt" })).reason).toBe("explicit-deny");
  });

  it("a statement without Resource has no effect, whether it allows or denies", () => {
    expect(decided(keyPolicy({ ...allow, Resource: undefined }), request(user("alice")))).toEqual(no());
    expect(decided(keyPolicy(allow, { ...allow, Effect: "Deny", Resource: undefined }), request(user("alice")))).toEqual(yes("#0"));
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
describe("callers of another account", () => {
  const external = user("carol", OTHER);
  it.each<[string, object, string[], boolean]>([
    ["need the key policy to name their account and a policy of their own", { AWS: root(OTHER) }, [own({})], true],
    ["are not served by the key policy alone, named themselves", { AWS: external }, [], false],
    ["are served by both", { AWS: external }, [own({ Resource: KEY })], true],
    ["are not served by their own policy for another key", { AWS: external }, [own({ Resource: `${KEY}x` })], false],
    ["are not served by a wildcard alone", { AWS: "*" }, [], false],
    ["are served by a wildcard and their own policy", { AWS: "*" }, [own({})], true],
  ])("%s", (_, principal, identity, allowed) => {
    expect(decided(keyPolicy({ ...allow, Principal: principal }), request(external), ...identity).allowed).toBe(allowed);
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
describe("principals", () => {
  it.each<[string, object | string, string, boolean]>([
    ["* is everyone", "*", user("alice"), true],
    ['{"AWS": "*"} is everyone', { AWS: "*" }, session("App", "i-1"), true],
    ["one of several is enough", { AWS: [user("bob"), user("alice")] }, user("alice"), true],
    ["names of users are case-sensitive", { AWS: user("Alice") }, user("alice"), false],
    ["a role stands for its sessions", { AWS: role("App") }, session("App", "i-1"), true],
    ["a role with a path too", { AWS: role("service-role/App") }, session("App", "i-1"), true],
    ["a role does not stand for another", { AWS: role("App") }, session("App2", "i-1"), false],
    ["nor for a user of its name", { AWS: role("App") }, user("App"), false],
    ["nor for sessions in another account", { AWS: role("App", OTHER) }, session("App", "i-1"), false],
    ["a session is one session", { AWS: session("App", "i-1") }, session("App", "i-2"), false],
    ["and that one", { AWS: session("App", "i-1") }, session("App", "i-1"), true],
    [
      "a federated session is itself",
      { AWS: `arn:aws:sts::${ACCOUNT}:federated-user/bob` },
      `arn:aws:sts::${ACCOUNT}:federated-user/bob`,
      true,
    ],
    ["and no user", { AWS: user("bob") }, `arn:aws:sts::${ACCOUNT}:federated-user/bob`, false],
    ["a role may ask itself", { AWS: role("path/App") }, role("path/App"), true],
    ["the root user is no user", { AWS: user("root") }, root(), false],
    ["a service is no user", { Service: "logs.amazonaws.com" }, user("alice"), false],
    ["a service is itself", { Service: "logs.amazonaws.com" }, "logs.amazonaws.com", true],
  ])("%s", (_, principal, arn, allowed) => {
    const asked = arn.startsWith("arn:") ? request(arn) : { ...request(user("x")), principal: { arn, account: ACCOUNT } };
    expect(decided(keyPolicy({ ...allow, Principal: principal }), asked).allowed).toBe(allowed);
  });

  const except = (...arns: string[]): string =>
    keyPolicy({ ...allow, Principal: "*" }, { Effect: "Deny", NotPrincipal: { AWS: arns }, Action: "kms:*", Resource: "*" });
  it.each<[string, string, string, boolean]>([
    ["spares a user listed with the account", except(user("alice"), root()), user("alice"), true],
    ["does not spare a user listed alone", except(user("alice")), user("alice"), false],
    ["does not spare a user by the account alone", except(root()), user("alice"), false],
    ["spares a session listed with role and account", except(session("App", "i-1"), role("App"), root()), session("App", "i-1"), true],
    ["does not spare a session listed without its role", except(session("App", "i-1"), root()), session("App", "i-1"), false],
    ["spares a role that asks itself", except(role("App"), root()), role("App"), true],
    [
      "spares a federated session",
      except(`arn:aws:sts::${ACCOUNT}:federated-user/b`, root()),
      `arn:aws:sts::${ACCOUNT}:federated-user/b`,
      true,
    ],
    ["does not spare it unlisted", except(root()), `arn:aws:sts::${ACCOUNT}:federated-user/b`, false],
    ["spares the root user by the account", except(root()), root(), true],
    ["spares everyone by *", except("*"), user("alice"), true],
    ["does not spare a service", except(root()), "logs.amazonaws.com", false],
    ["does not spare another session", except(session("App", "i-1"), role("App"), root()), session("App", "i-2"), false],
  ])("NotPrincipal with Deny %s", (_, policy, arn, allowed) => {
    expect(decided(policy, { ...request(arn), principal: { arn, account: ACCOUNT } }).allowed).toBe(allowed);
  });

  it("NotPrincipal with Allow is everyone else", () => {
    const policy = keyPolicy({ ...allow, Principal: undefined, NotPrincipal: { AWS: user("bob") } });
    expect([user("alice"), user("bob"), root()].map((arn) => decided(policy, request(arn)).allowed)).toEqual([true, false, true]);
  });

  it("a condition on aws:PrincipalArn replaces NotPrincipal", () => {
    const policy = keyPolicy(
      { ...allow, Principal: "*" },
      { ...allow, Effect: "Deny", Principal: "*", Condition: { ArnNotEquals: { "aws:PrincipalArn": role("App") } } },
    );
    expect([session("App", "i-1"), session("Other", "i-1"), user("alice")].map((arn) => decided(policy, request(arn)).allowed)).toEqual([
      true,
      false,
      false,
    ]);
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
describe("condition operators", () => {
  it.each<[string, object, Context, boolean]>([
    ["StringEquals is exact", { StringEquals: { "aws:x": "johndoe" } }, { "aws:x": "JohnDoe" }, false],
    ["StringEqualsIgnoreCase is not", { StringEqualsIgnoreCase: { "aws:x": "johndoe" } }, { "aws:x": "JohnDoe" }, true],
    ["StringEquals knows no wildcard", { StringEquals: { "aws:x": "john*" } }, { "aws:x": "johndoe" }, false],
    ["StringLike does", { StringLike: { "aws:x": "j?hn*" } }, { "aws:x": "johndoe" }, true],
    ["StringLike is case-sensitive", { StringLike: { "aws:x": "J*" } }, { "aws:x": "johndoe" }, false],
    ["names of keys are not case-sensitive", { StringEquals: { "AWS:SourceIP": "1" } }, { "aws:sourceip": "1" }, true],
    ["an absent key matches nothing", { StringEquals: { "aws:x": "" } }, {}, false],
    ["an absent key is not what is excluded", { StringNotEquals: { "aws:x": "a" } }, {}, true],
    ["nor for StringNotLike", { StringNotLike: { "aws:x": "*" } }, {}, true],
    ["nor for ArnNotLike", { ArnNotLike: { "aws:x": "arn:aws:s3:::b" } }, {}, true],
    ["NumericLessThanEquals", { NumericLessThanEquals: { "s3:max-keys": "10" } }, { "s3:max-keys": "10" }, true],
    ["numbers compare as numbers", { NumericLessThan: { "aws:x": "10" } }, { "aws:x": "9.99" }, true],
    ["numbers without quotes", { NumericGreaterThan: { "aws:x": 9007199254740992 } }, { "aws:x": "9007199254740993" }, true],
    ["NumericEquals", { NumericEquals: { "aws:x": "1.0" } }, { "aws:x": "1" }, true],
    ["NumericNotEquals", { NumericNotEquals: { "aws:x": ["1", "2"] } }, { "aws:x": "2.0" }, false],
    ["NumericGreaterThanEquals", { NumericGreaterThanEquals: { "aws:x": "-1.5" } }, { "aws:x": "-1.5" }, true],
    ["NumericGreaterThan of the same", { NumericGreaterThan: { "aws:x": "3" } }, { "aws:x": "3" }, false],
    ["NumericLessThan of the same", { NumericLessThan: { "aws:x": "3" } }, { "aws:x": "3" }, false],
    ["a request's number that is none", { NumericLessThan: { "aws:x": "3" } }, { "aws:x": "one" }, false],
    ["an absent number", { NumericLessThan: { "aws:x": "10" } }, {}, false],
    [
      "DateGreaterThan",
      { DateGreaterThan: { "aws:TokenIssueTime": "2020-01-01T00:00:01Z" } },
      { "aws:TokenIssueTime": "2020-01-01T00:00:02Z" },
      true,
    ],
    ["dates know zones", { DateEquals: { "aws:x": "2020-01-01T02:00:00+02:00" } }, { "aws:x": "2020-01-01" }, true],
    ["dates know Unix time", { DateLessThan: { "aws:x": "2020-01-01" } }, { "aws:x": "1577836799" }, true],
    ["DateNotEquals", { DateNotEquals: { "aws:x": "2020" } }, { "aws:x": "2020-01-01T00:00:00Z" }, false],
    ["DateLessThanEquals", { DateLessThanEquals: { "aws:x": "2020" } }, { "aws:x": "2020-01-01" }, true],
    ["DateGreaterThanEquals", { DateGreaterThanEquals: { "aws:x": "2020" } }, { "aws:x": "2019-12-31" }, false],
    ["DateLessThan of the same", { DateLessThan: { "aws:x": "2020" } }, { "aws:x": "2020" }, false],
    ["DateGreaterThan of the same", { DateGreaterThan: { "aws:x": "2020" } }, { "aws:x": "2020" }, false],
    ["a request's date that is none", { DateGreaterThan: { "aws:x": "2020" } }, { "aws:x": "today" }, false],
    ["an absent date", { DateGreaterThan: { "aws:TokenIssueTime": "2020" } }, {}, false],
    ["Bool", { Bool: { "aws:SecureTransport": "false" } }, { "aws:SecureTransport": "false" }, true],
    ["Bool without quotes", { Bool: { "kms:GrantIsForAWSResource": true } }, { "kms:GrantIsForAWSResource": "true" }, true],
    ["BinaryEquals", { BinaryEquals: { "aws:x": "QmluYXJ5VmFsdWVJbkJhc2U2NA==" } }, { "aws:x": "QmluYXJ5VmFsdWVJbkJhc2U2NA==" }, true],
    ["BinaryEquals of other bytes", { BinaryEquals: { "aws:x": "QQ==" } }, { "aws:x": "Qg==" }, false],
    ["IpAddress in a range", { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { "aws:SourceIp": "203.0.113.255" }, true],
    ["IpAddress outside", { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { "aws:SourceIp": "203.0.114.0" }, false],
    [
      "IpAddress of version 6",
      { IpAddress: { "aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"] } },
      { "aws:SourceIp": "2001:db8:1234:5678:ffff::1" },
      true,
    ],
    ["IpAddress of one address", { IpAddress: { "aws:SourceIp": "203.0.113.9" } }, { "aws:SourceIp": "203.0.113.9" }, true],
    ["NotIpAddress", { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, { "aws:SourceIp": "198.51.100.7" }, true],
    ["IpAddress behind a VPC endpoint", { IpAddress: { "aws:SourceIp": "0.0.0.0/0" } }, {}, false],
    [
      "StringLike crosses the colons of an ARN",
      { StringLike: { "aws:x": "arn:aws:someservice:*:111122223333:finance/*" } },
      { "aws:x": "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt" },
      true,
    ],
    [
      "ArnLike does not",
      { ArnLike: { "aws:x": "arn:aws:someservice:*:111122223333:finance/*" } },
      { "aws:x": "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt" },
      false,
    ],
    [
      "ArnEquals takes wildcards like ArnLike",
      { ArnEquals: { "aws:x": "arn:aws:sns:*:1?:t*" } },
      { "aws:x": "arn:aws:sns:eu:12:topic" },
      true,
    ],
    ["ArnNotLike", { ArnNotLike: { "aws:x": "arn:aws:sns:*:*:t*" } }, { "aws:x": "arn:aws:sns:eu:12:topic" }, false],
    ["a request's ARN that is none", { ArnLike: { "aws:x": "arn:aws:*:*:*:*" } }, { "aws:x": "topic" }, false],
    ["StringNotEqualsIgnoreCase", { StringNotEqualsIgnoreCase: { "aws:x": "A" } }, { "aws:x": "a" }, false],
    ["StringNotLike", { StringNotLike: { "aws:x": "a*" } }, { "aws:x": "abc" }, false],
    ["a request's bytes that are none", { BinaryEquals: { "aws:x": "QQ==" } }, { "aws:x": "Q" }, false],
    ["IfExists passes what is absent", { StringLikeIfExists: { "ec2:InstanceType": ["t1.*"] } }, {}, true],
    ["IfExists tests what is there", { StringLikeIfExists: { "ec2:InstanceType": ["t1.*"] } }, { "ec2:InstanceType": "m3.large" }, false],
    ["negated IfExists passes what is absent", { StringNotEqualsIfExists: { "aws:x": "a" } }, {}, true],
    ["Null true wants it absent", { Null: { "aws:TokenIssueTime": "true" } }, {}, true],
    ["Null true refuses it present", { Null: { "aws:TokenIssueTime": "true" } }, { "aws:TokenIssueTime": "2020" }, false],
    ["Null false wants it present", { Null: { "aws:TokenIssueTime": "false" } }, {}, false],
    ["Null false is satisfied", { Null: { "aws:TokenIssueTime": "false" } }, { "aws:TokenIssueTime": "2020" }, true],
  ])("%s", (_, condition, context, expected) => {
    expect(holds(condition, context)).toBe(expected);
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
describe("several keys, several values", () => {
  const both = {
    StringEquals: { "aws:PrincipalTag/department": ["finance", "hr", "legal"], "aws:PrincipalTag/role": ["audit", "security"] },
    ArnLike: { "aws:PrincipalArn": ["arn:aws:iam::*:user/a*", "arn:aws:iam::*:user/b*"] },
  };
  const tags = { "aws:PrincipalTag/department": "hr", "aws:PrincipalTag/role": "audit" };
  it.each<[string, object, Context, boolean]>([
    ["operators and keys are joined by AND, values by OR", both, tags, true],
    ["one value of another kind fails the block", both, { ...tags, "aws:PrincipalTag/role": "sales" }, false],
    ["one absent key fails it", both, { "aws:PrincipalTag/role": "audit" }, false],
    ["negated values are joined by NOR", { StringNotEquals: { "aws:x": ["a", "b"] } }, { "aws:x": "b" }, false],
    ["so that none may match", { StringNotEquals: { "aws:x": ["a", "b"] } }, { "aws:x": "c" }, true],
    ["NotIpAddress likewise", { NotIpAddress: { "aws:x": ["10.0.0.0/8", "192.0.2.0/24"] } }, { "aws:x": "192.0.2.1" }, false],
  ])("%s", (_, condition, context, expected) => {
    expect(holds(condition, context)).toBe(expected);
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
describe("sets", () => {
  const names = "kms:EncryptionContextKeys";
  const condition = (operator: string): object => ({ [operator]: { [names]: ["PostDateTime", "Message", "Tags"] } });
  it.each<[string, string, Context, boolean]>([
    ["all listed", "ForAllValues:StringEquals", { [names]: ["PostDateTime", "Message"] }, true],
    ["one not listed", "ForAllValues:StringEquals", { [names]: ["PostDateTime", "UserName"] }, false],
    ["the key absent: true", "ForAllValues:StringEquals", {}, true],
    ["an empty data set: true", "ForAllValues:StringEquals", { [names]: "" }, true],
    ["one listed is any", "ForAnyValue:StringEquals", { [names]: ["UserName", "PostDateTime"] }, true],
    ["none listed", "ForAnyValue:StringEquals", { [names]: ["UserName"] }, false],
    ["the key absent: false", "ForAnyValue:StringEquals", {}, false],
    ["an empty data set: false", "ForAnyValue:StringEquals", { [names]: [] }, false],
    ["all must be unlisted", "ForAllValues:StringNotEquals", { [names]: ["ID", "Tags"] }, false],
    ["any unlisted", "ForAnyValue:StringNotEquals", { [names]: ["ID", "Tags"] }, true],
    ["none unlisted", "ForAnyValue:StringNotEquals", { [names]: ["Message", "Tags"] }, false],
    ["negated, the key absent: still false", "ForAnyValue:StringNotEquals", {}, false],
    ["several values need a set operator", "StringEquals", { [names]: ["Message", "Tags"] }, false],
    ["negated ones too", "StringNotEquals", { [names]: ["a", "b"] }, false],
    ["one value in a list is one value", "StringEquals", { [names]: ["Message"] }, true],
    ["wildcards in sets", "ForAnyValue:StringLike", { [names]: ["Tags"] }, true],
  ])("%s", (_, operator, context, expected) => {
    expect(holds(condition(operator), context)).toBe(expected);
  });

  it("an encryption context with two keys that differ in case alone matches no single-valued condition", () => {
    const wanted = { StringEquals: { "kms:EncryptionContext:AppName": "a" } };
    expect(holds(wanted, { "kms:EncryptionContext:appname": "a" })).toBe(true);
    expect(holds(wanted, { "kms:EncryptionContext:appname": "a", "kms:EncryptionContext:AppName": "b" })).toBe(false);
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
describe("policy variables", () => {
  const path = (value: string | string[]): object => ({ StringLike: { "s3:prefix": value } });
  it.each<[string, object, Context, string, boolean]>([
    ["the user's name", path("home/${aws:username}/*"), { "s3:prefix": "home/alice/x" }, user("staff/alice"), true],
    ["of another user", path("home/${aws:username}/*"), { "s3:prefix": "home/bob/x" }, user("alice"), false],
    ["a role has none", path("home/${aws:username}/*"), { "s3:prefix": "home//x" }, session("App", "i"), false],
    ["a default value", path("${aws:username, 'nobody'}/*"), { "s3:prefix": "nobody/x" }, session("App", "i"), true],
    ["a variable without a value spoils the condition", path(["x", "${aws:username}"]), { "s3:prefix": "x" }, session("App", "i"), false],
    ["a value is literal text", path("${aws:x}"), { "s3:prefix": "abc", "aws:x": "*" }, user("alice"), false],
    ["special characters", path("a${*}${?}${$}"), { "s3:prefix": "a*?$" }, user("alice"), true],
    ["special characters are no wildcards", path("a${*}"), { "s3:prefix": "abc" }, user("alice"), false],
    ["keys with several values are no variables", path("${aws:x}"), { "s3:prefix": "a", "aws:x": ["a", "b"] }, user("alice"), false],
    ["the role, not the session", { ArnEquals: { "aws:PrincipalArn": role("App") } }, {}, session("App", "i-1"), true],
    ["the kind of principal", { StringEquals: { "aws:PrincipalType": "AssumedRole" } }, {}, session("App", "i-1"), true],
    ["the principal's account", { StringEquals: { "aws:PrincipalAccount": ACCOUNT } }, {}, session("App", "i-1"), true],
  ])("%s", (_, condition, context, arn, expected) => {
    expect(holds(condition, context, arn)).toBe(expected);
  });

  it("are literal text in the earlier version", () => {
    const text = keyPolicy({ ...allow, Condition: path("${aws:username}") }).replace("2012-10-17", "2008-10-17");
    const asked = (prefix: string): PolicyRequest => request(user("alice"), "kms:Decrypt", { "s3:prefix": prefix });
    expect([decided(text, asked("alice")).allowed, decided(text, asked("${aws:username}")).allowed]).toEqual([false, true]);
  });

  it("stand in the last part of a resource", () => {
    const policy = own({ Resource: "arn:aws:kms:*:*:alias/${aws:username}" });
    const alias = (name: string): PolicyRequest => ({
      ...request(user("alice")),
      resource: `arn:aws:kms:us-west-2:${ACCOUNT}:alias/${name}`,
    });
    const key = keyPolicy({ ...allow, Principal: { AWS: ACCOUNT } });
    const nameless = { ...alias("App"), principal: { arn: session("App", "i-1"), account: ACCOUNT } };
    expect(decided(key, nameless, own({ Resource: ["*", "arn:aws:kms:*:*:alias/${aws:username}"] })).allowed).toBe(false);
    expect([decided(key, alias("alice"), policy).allowed, decided(key, alias("bob"), policy).allowed]).toEqual([true, false]);
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
describe("actions and resources", () => {
  it.each<[string, object, boolean]>([
    ["actions are not case-sensitive", { Action: "KMS:decrypt" }, true],
    ["nor their patterns", { Action: "kms:DEC*" }, true],
    ["? is one character", { Action: "kms:Decryp?" }, true],
    ["? is not none", { Action: "kms:Decrypt?" }, false],
    ["* is every service", { Action: "*" }, true],
    ["another service", { Action: "s3:*" }, false],
    ["a key by its ARN", { Resource: KEY }, true],
    ["ARNs are case-sensitive", { Resource: KEY.replace("abcd", "ABCD") }, false],
    ["wildcards inside a component", { Resource: "arn:aws:kms:us-*:111122223333:key/*" }, true],
    ["wildcards do not cross colons", { Resource: "arn:aws:*:key/*" }, false],
    ["an incomplete ARN is completed", { Resource: "arn:aws:kms" }, true],
    ["for another service it is not this one", { Resource: "arn:aws:s3" }, false],
    ["NotResource", { Resource: undefined, NotResource: "arn:aws:kms:eu-*:*:*" }, true],
    ["NotResource of this one", { Resource: undefined, NotResource: ["arn:aws:s3", KEY] }, false],
  ])("%s", (_, change, allowed) => {
    expect(decided(keyPolicy({ ...allow, ...change }), request(user("alice"))).allowed).toBe(allowed);
  });
});

// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-attestation.html
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
describe("condition keys of KMS", () => {
  const IMAGE = "9fedcba8abcdef7a".repeat(6);
  const PCR1 = "1de4f2dcf774f6e3".repeat(6);
  const enclave = {
    Sid: "Enable enclave data processing",
    Effect: "Allow",
    Principal: { AWS: role("data-processing") },
    Action: ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateRandom"],
    Resource: "*",
    Condition: { StringEqualsIgnoreCase: { "kms:RecipientAttestation:ImageSha384": IMAGE, "kms:RecipientAttestation:PCR1": PCR1 } },
  };
  const attested = { "kms:RecipientAttestation:ImageSha384": IMAGE, "kms:RecipientAttestation:PCR1": PCR1 };
  it.each<[string, Context, boolean]>([
    ["the enclave of this image", attested, true],
    ["in either case of its digits", { ...attested, "kms:RecipientAttestation:ImageSha384": IMAGE.toUpperCase() }, true],
    ["another image", { ...attested, "kms:RecipientAttestation:ImageSha384": PCR1 }, false],
    ["another kernel", { ...attested, "kms:RecipientAttestation:PCR1": IMAGE }, false],
    ["no attestation document", {}, false],
  ])("attestation: %s", (_, context, allowed) => {
    expect(decided(keyPolicy(enclave), request(session("data-processing", "i-1"), "kms:Decrypt", context)).allowed).toBe(allowed);
  });

  it.each<[string, object, Context, boolean]>([
    [
      "the encryption context",
      { StringEquals: { "kms:EncryptionContext:AppName": "ExampleApp" } },
      { "kms:EncryptionContext:AppName": "ExampleApp" },
      true,
    ],
    [
      "another one",
      { StringEquals: { "kms:EncryptionContext:AppName": "ExampleApp" } },
      { "kms:EncryptionContext:AppName": "exampleapp" },
      false,
    ],
    ["none", { StringEquals: { "kms:EncryptionContext:AppName": "ExampleApp" } }, {}, false],
    ["that there is one", { Null: { "kms:EncryptionContextKeys": "false" } }, { "kms:EncryptionContextKeys": ["AppName"] }, true],
    ["the calling account", { StringEquals: { "kms:CallerAccount": ACCOUNT } }, { "kms:CallerAccount": ACCOUNT }, true],
    [
      "through a service",
      { StringEquals: { "kms:ViaService": ["ec2.us-west-2.amazonaws.com"] } },
      { "kms:ViaService": "ec2.us-west-2.amazonaws.com" },
      true,
    ],
    ["directly", { StringEquals: { "kms:ViaService": ["ec2.us-west-2.amazonaws.com"] } }, {}, false],
    [
      "grants of some operations",
      { "ForAllValues:StringEquals": { "kms:GrantOperations": ["Encrypt", "Decrypt"] } },
      { "kms:GrantOperations": ["Decrypt"] },
      true,
    ],
    [
      "grants of one more",
      { "ForAllValues:StringEquals": { "kms:GrantOperations": ["Encrypt"] } },
      { "kms:GrantOperations": ["Encrypt", "Decrypt"] },
      false,
    ],
    [
      "days before deletion",
      { NumericLessThan: { "kms:ScheduleKeyDeletionPendingWindowInDays": "21" } },
      { "kms:ScheduleKeyDeletionPendingWindowInDays": "30" },
      false,
    ],
  ])("%s", (_, condition, context, allowed) => {
    expect(holds(condition, context)).toBe(allowed);
  });
});

function yes(by: string): PolicyDecision {
  return { allowed: true, by, reason: "allow" };
}
function no(): PolicyDecision {
  return { allowed: false, by: null, reason: "no-allow" };
}
function deny(by: string): PolicyDecision {
  return { allowed: false, by, reason: "explicit-deny" };
}
