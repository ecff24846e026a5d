import{a as r}from"./chunk-X4VSFQI2.js";import{o,u as e}from"./chunk-7J776EMA.js";function a(){return o(r,{heading:e.value.overview.heading})}export{a as View};
