"""The machines of a corpus: a Postfix and an Exim that answer for thousands of host names each, and an nginx with its policies.

Each half of the hosts is a network of its own, where a server listens on all addresses and chooses its certificate by SNI.
"""

import os
import pwd
import subprocess

from labkit import corpus, namespace, packages

POSTFIX_PROCESSES = 150
TABLE_TYPES = ("hash", "lmdb", "cdb")


def _postfix_tool(lab, root, name, *words):
    tree = lab.tree("postfix")
    environment = dict(os.environ, LD_LIBRARY_PATH=packages.library_path(tree), MAIL_CONFIG=str(root / "etc"))
    run = subprocess.run(
        [tree / "usr/sbin" / name, *words], env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout


def _start_postfix(lab, inside):
    root = lab.state / "postfix-corpus"
    lab.postfix_folders(root)
    settings = lab.postfix_main(root)
    settings["smtpd_tls_chain_files"] = lab.state / "corpus/certs/postfix/default"
    (root / "etc/main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
    offered = _postfix_tool(lab, root, "postconf", "-m").split()
    kind = next(name for name in TABLE_TYPES if name in offered)
    table = root / "etc/sni"
    table.symlink_to(lab.state / "corpus/sni.txt")
    _postfix_tool(lab, root, "postmap", f"{kind}:{table}")
    settings["tls_server_sni_maps"] = f"{kind}:{table}"
    lab.run_postfix(root, settings, [f"smtp inet n - n - {POSTFIX_PROCESSES} smtpd"], inside)


def _start_exim(lab, inside):
    root, user = lab.state / "exim-corpus", pwd.getpwnam("Debian-exim")
    (root / "spool").mkdir(parents=True)
    os.chown(root / "spool", user.pw_uid, user.pw_gid)
    certificates = lab.state / "corpus/certs/exim"
    lines = lab.exim_base(root) + [
        "local_interfaces = <; 0.0.0.0 ; ::0",
        "tls_advertise_hosts = *",
        f"tls_certificate = ${{lookup{{$tls_in_sni.pem}}dsearch,ret=full{{{certificates}}}{{$value}}{{{certificates}/default}}}}",
        "begin acl",
        "begin retry",
        "* * F,2h,15m",
        "",
    ]
    conf = lab.write("exim-corpus.conf", "\n".join(lines))
    lab.spawn("exim-corpus", "exim", lab.tree("exim") / "usr/sbin/exim4", "-C", conf, "-bdf", inside=inside)


def _start_nginx(lab, inside):
    place = lab.state / "corpus"
    lab.run_nginx(
        "nginx-corpus",
        [
            "server {",
            "  listen 443 ssl http2; listen [::]:443 ssl http2;",
            f"  ssl_certificate {place}/certs/policy/$ssl_server_name.pem;",
            f"  ssl_certificate_key {place}/certs/policy/$ssl_server_name.pem;",
            f"  location = /.well-known/mta-sts.txt {{ alias {place}/policies/$ssl_server_name; types {{}} default_type text/plain; }}",
            "  location / { return 404; }",
            "}",
        ],
        inside,
    )


def _listens(inside, port):
    with open(f"/proc/{inside}/net/tcp", encoding="ascii") as rows:
        return any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A" for row in list(rows)[1:])


def start(lab):
    """Everything that answers for a corpus, up and listening."""
    insides = [namespace.new_network(number, name, networks) for number, (name, *networks) in enumerate(corpus.HALVES)]
    _start_postfix(lab, insides[0])
    _start_nginx(lab, insides[0])
    _start_exim(lab, insides[1])
    for inside, port in ((insides[0], 25), (insides[0], 443), (insides[1], 25)):
        lab.wait_for(f"the corpus on port {port}", lambda: _listens(inside, port))
    with open(lab.log / "providers.csv", "a", encoding="utf-8") as providers:
        for line in (lab.state / "corpus/hosts.csv").read_text(encoding="utf-8").splitlines():
            host, _, _, addresses = line.split(",")
            for address in addresses.split(";"):
                providers.write(f"{address},{'.'.join(host.split('.')[-2:])}\n")
