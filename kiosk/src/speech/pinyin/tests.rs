#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use proptest::prelude::*;

use super::super::voice::phonemes;
use super::*;

/// Sentences of village papers that hold a character of several readings, and how they are said.
const SENTENCES: [(&str, &str); 88] = [
    ("银行", "yin2 hang2"),
    ("农村商业银行行长", "nong2 cun1 shang1 ye4 yin2 hang2 hang2 zhang3"),
    ("行政执行", "xing2 zheng4 zhi2 xing2"),
    ("举行会议", "ju3 xing2 hui4 yi4"),
    ("会计", "kuai4 ji4"),
    ("村会计开会", "cun1 kuai4 ji4 kai1 hui4"),
    ("合计", "he2 ji4"),
    ("重庆", "chong2 qing4"),
    ("重新公示", "chong2 xin1 gong1 shi4"),
    ("重要通知", "zhong4 yao4 tong1 zhi1"),
    ("重阳节慰问", "chong2 yang2 jie2 wei4 wen4"),
    ("村长和组长", "cun1 zhang3 he2 zu3 zhang3"),
    ("周长河", "zhou1 chang2 he2"),
    ("长期合同", "chang2 qi1 he2 tong2"),
    ("增长", "zeng1 zhang3"),
    ("归还借款", "gui1 huan2 jie4 kuan3"),
    ("还有结余", "hai2 you3 jie2 yu2"),
    ("退耕还林", "tui4 geng1 huan2 lin2"),
    ("取得收据", "qu3 de2 shou1 ju4"),
    ("还得交费", "hai2 dei3 jiao1 fei4"),
    ("做得好", "zuo4 de5 hao3"),
    ("行为", "xing2 wei2"),
    ("金额为三百元", "jin1 e2 wei2 san1 bai3 yuan2"),
    ("为村民服务", "wei4 cun1 min2 fu2 wu4"),
    ("为什么", "wei4 shen2 me5"),
    ("应当公开", "ying1 dang1 gong1 kai1"),
    ("应急物资", "ying4 ji2 wu4 zi1"),
    ("供应", "gong1 ying4"),
    ("调查", "diao4 cha2"),
    ("调解纠纷", "tiao2 jie3 jiu1 fen1"),
    ("空调", "kong1 tiao2"),
    ("空地", "kong4 di4"),
    ("处理垃圾", "chu3 li3 la1 ji1"),
    ("办事处", "ban4 shi4 chu4"),
    ("给水管道", "ji3 shui3 guan3 dao4"),
    ("付给五金店", "fu4 gei3 wu3 jin1 dian4"),
    ("参与", "can1 yu4"),
    ("参加", "can1 jia1"),
    ("当天", "dang4 tian1"),
    ("当地", "dang1 di4"),
    ("种子", "zhong3 zi3"),
    ("种植水稻", "zhong4 zhi2 shui3 dao4"),
    ("部分", "bu4 fen4"),
    ("五角五分", "wu3 jiao3 wu3 fen1"),
    ("中标单位", "zhong4 biao1 dan1 wei4"),
    ("村中心", "cun1 zhong1 xin1"),
    ("丈量土地", "zhang4 liang2 tu3 di4"),
    ("数量", "shu4 liang4"),
    ("便宜", "pian2 yi5"),
    ("便民服务中心", "bian4 min2 fu2 wu4 zhong1 xin1"),
    ("更正", "geng1 zheng4"),
    ("更多", "geng4 duo1"),
    ("三只鸡", "san1 zhi1 ji1"),
    ("只有", "zhi3 you3"),
    ("青少年", "qing1 shao4 nian2"),
    ("少于", "shao3 yu2"),
    ("看守", "kan1 shou3"),
    ("教师", "jiao4 shi1"),
    ("干旱", "gan1 han4"),
    ("村干部", "cun1 gan4 bu4"),
    ("记载", "ji4 zai3"),
    ("困难户", "kun4 nan2 hu4"),
    ("效率", "xiao4 lv4"),
    ("差旅费", "chai1 lv3 fei4"),
    ("差额", "cha1 e2"),
    ("音乐", "yin1 yue4"),
    ("分散供养", "fen1 san4 gong1 yang3"),
    ("扁担", "bian3 dan5"),
    ("担任", "dan1 ren4"),
    ("规划", "gui1 hua4"),
    ("累计", "lei3 ji4"),
    ("店铺", "dian4 pu4"),
    ("铺设管道", "pu1 she4 guan3 dao4"),
    ("尽快", "jin3 kuai4"),
    ("放假", "fang4 jia4"),
    ("猪圈", "zhu1 juan4"),
    ("成都", "cheng2 du1"),
    ("没收", "mo4 shou1"),
    ("了解", "liao3 jie3"),
    ("混凝土", "hun4 ning2 tu3"),
    ("丧葬费", "sang1 zang4 fei4"),
    ("绿化", "lv4 hua4"),
    (
        "经手人单国庆，证明人曾桂花。",
        "jing1 shou3 ren2 shan4 guo2 qing4 , zheng4 ming2 ren2 zeng1 gui4 hua1 .",
    ),
    ("退回去重来", "tui4 hui2 qu4 chong2 lai2"),
    ("以元为单位", "yi3 yuan2 wei2 dan1 wei4"),
    ("每一笔账都看得明白", "mei3 yi4 bi3 zhang4 dou1 kan4 de5 ming2 bai5"),
    ("请家长看管好孩子", "qing3 jia1 zhang3 kan1 guan3 hao3 hai2 zi5"),
    ("曾经解决", "ceng2 jing1 jie3 jue2"),
];

#[test]
fn characters_of_several_readings_are_read_as_their_word_wants() {
    let readings = Readings::open();
    let wrong: Vec<String> = SENTENCES
        .iter()
        .map(|(text, wanted)| (text, wanted, readings.syllables(text)))
        .filter(|(_, wanted, said)| said != *wanted)
        .map(|(text, wanted, said)| format!("{text}: {said}, not {wanted}"))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn one_and_not_change_their_tone() {
    let readings = Readings::open();
    for (text, said) in [
        ("一百零一元", "yi4 bai3 ling2 yi1 yuan2"),
        ("一万元", "yi2 wan4 yuan2"),
        ("一个", "yi2 ge4"),
        ("一月一日", "yi1 yue4 yi1 ri4"),
        ("十一人", "shi2 yi1 ren2"),
        ("第一次", "di4 yi1 ci4"),
        ("二零一一年", "er4 ling2 yi1 yi1 nian2"),
        ("不是", "bu2 shi4"),
        ("不能", "bu4 neng2"),
    ] {
        assert_eq!(readings.syllables(text), said, "{text}");
    }
}

#[test]
fn letters_have_names_and_marks_are_pauses() {
    let readings = Readings::open();
    assert_eq!(readings.syllables("A四纸，好。"), "ei1 si4 zhi3 , hao3 .");
    assert_eq!(readings.syllables("☃"), "");
    assert_eq!(readings.syllables(""), "");
}

#[test]
fn every_line_of_readings_has_a_syllable_for_each_character_and_stands_once() {
    let mut seen = HashSet::new();
    for line in READINGS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (word, syllables) = line.split_once(' ').unwrap();
        assert!(seen.insert(word), "{word} stands twice");
        let characters = word.trim_start_matches('~').chars().count();
        assert!(characters <= WORD_MAX, "{word} is too long to be found");
        assert_eq!(syllables.split(' ').count(), characters, "{line}");
        for syllable in syllables.split(' ') {
            let (sound, tone) = syllable.split_at(syllable.len() - 1);
            assert!(inputx_pinyin::is_valid_syllable(sound), "{line}");
            assert!(("1"..="5").contains(&tone), "{line}");
        }
    }
}

#[test]
fn the_voice_says_the_sounds_that_were_meant() {
    let readings = Readings::open();
    // As espeak-ng writes sounds; the figures are the pitch from 1 (low) to 5.
    for (text, sounds) in [
        ("银行", ["j'i35n", "X'a35N"].as_slice()),
        ("会计", &["kh'uai51", "tS;'i51"]),
        ("重庆", &["ts.h'ong35", "tS;h'i51N"]),
        ("绿化", &["l'y51", "Xw'A51"]),
        ("你好", &["n'i35", "X'Au214"]),
    ] {
        let heard = phonemes(&readings.syllables(text));
        let heard: Vec<&str> =
            heard.split_whitespace().map(|sound| sound.trim_end_matches("_|")).collect();
        assert_eq!(heard, sounds, "{text}");
    }
}

proptest! {
    #[test]
    fn every_character_has_at_most_one_syllable_and_that_is_one(text in "[一-龥，。]{0,40}") {
        let said = Readings::open().syllables(&text);
        let marks = [PAUSE, END];
        for syllable in said.split(' ').filter(|s| !s.is_empty() && !marks.contains(s)) {
            let (sound, tone) = syllable.split_at(syllable.len() - 1);
            prop_assert!(!sound.is_empty() && ("1"..="5").contains(&tone), "{}", syllable);
        }
        prop_assert!(said.split(' ').count() <= text.chars().count().max(1));
    }
}
